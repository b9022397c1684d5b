"""Reads `board_support/cores.toml` and a `board.toml`, and checks every key of them."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from aot.base.data import BOARD_SUPPORT
from aot.base.errors import AotError, cut
from aot.targets.records import Board, Core, Memory, Programmer, Renode, Uart, file_of

Table = dict[str, Any]  # of a TOML file: `_check` says what is in it

_BOARD_KEYS = {
    "description": str, "core": str, "clock_hz": int, "timer": str, "runners": list, "uart": dict,
}  # fmt: skip
_OPTIONAL_BOARD_KEYS = {
    "memory": dict, "stack_bytes": int, "qemu_machine": str, "qemu_cpu": str, "setup": bool, "timer_vector": int,
    "usb": list, "renode": dict, "programmer": dict,
}  # fmt: skip
_UART_KEYS = {"base": int, "clock_hz": int, "baud": int, "fraction": int, "tx_pin": int, "rx_pin": int}
_RENODE_KEYS = {"platform": str, "uart": str}
_PROGRAMMER_KEYS = {"pyocd": str, "openocd": str, "uf2_family": int}
_CORE_KEYS = {"prefix": str, "flags": list, "features": list}
_RAM_NAME = re.compile(r"[a-z][a-z0-9]{0,30}")
_DRIVER_NAME = re.compile(r"[\w.-]{1,60}", re.ASCII)
_RUNNER_NAMES = ("host", "qemu", "renode", "serial")
_LEAST_CLOCK_HZ = 1_000_000  # the firmware tells time in microseconds
_TOP = 1 << 32
_MOST_BITS = 1_024  # of a number that is shown: Python refuses to print the largest
_MOST_BYTES = 16_384  # of a file: ours have a tenth, and what TOML's reader takes can grow with the square of that
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


def _name(path: Path) -> str:
    inside = path.is_relative_to(BOARD_SUPPORT)
    return f"board_support/{path.relative_to(BOARD_SUPPORT).as_posix()}" if inside else str(path)


def _read(path: Path) -> Table:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise AotError(f"{_name(path)} cannot be read: it has more than {_MOST_BYTES:,} bytes",
                           "a board is some lines: `aot boards --new` writes them")  # fmt: skip
        return tomllib.loads(content.decode())
    except (OSError, ValueError) as error:  # of TOML, and of numbers with too many digits
        raise AotError(f"{_name(path)} cannot be read: {cut(error, 200)}") from error
    except RecursionError:
        raise AotError(f"{_name(path)} cannot be read: tables in tables without an end") from None


def _check(where: str, table: object, required: Mapping[str, type], optional: Mapping[str, type]) -> None:
    """Raise AotError unless `table` is one, has every required key, no unknown one, and the right types."""
    if not isinstance(table, dict):
        raise AotError(f"{where}: must be a table, not {type(table).__name__}")
    known = {**required, **optional}
    for key, value in table.items():
        if key not in known:
            raise AotError(f"{where}: unknown key '{cut(key)}'", f"the keys are {', '.join(sorted(known))}")
        if type(value) is not known[key]:
            raise AotError(f"{where}: '{key}' must be of type {known[key].__name__}, not {type(value).__name__}")
    for key in required:
        if key not in table:
            raise AotError(f"{where}: the key '{key}' is missing")


def _check_range(where: str, table: Table, key: str, least: int) -> None:
    """Raise AotError where the number `key` of `table` is not from `least` to 32 bits."""
    if key in table and not least <= table[key] < _TOP:
        raise AotError(f"{where}: '{key}' is {_number(table[key])}, which is not from {least:,} to {_TOP - 1:,}")


def _number(value: int) -> str:
    return cut(f"{value:,}") if value.bit_length() < _MOST_BITS else f"of {value.bit_length():,} bits"


def _strings(where: str, key: str, values: list[object]) -> tuple[str, ...]:
    strings = tuple(value for value in values if isinstance(value, str))
    if len(strings) < len(values):
        raise AotError(f"{where}: '{key}' must be a list of strings")
    return strings


@cache
def _cores(path: Path) -> dict[str, Core]:
    """Every core that `path` describes, by name; `common_flags` go after a core's own."""
    table = _read(path)
    _check(_name(path), table, {"common_flags": list, "cores": dict}, {})
    common = _strings(_name(path), "common_flags", table["common_flags"])
    cores = {}
    for name, entry in table["cores"].items():
        where = f"{_name(path)}: cores.{name}"
        _check(where, entry, _CORE_KEYS, {})
        machine = _strings(where, "flags", entry["flags"])
        features = _strings(where, "features", entry["features"])
        cores[name] = Core(name, entry["prefix"], machine, machine + common, features)
    return cores


def _memories(where: str, table: Table) -> tuple[Memory, ...]:
    for name, entry in table.items():
        if not _RAM_NAME.fullmatch(name):
            raise AotError(f"{where}: '{cut(name)}' cannot be the name of a memory", "small letters and digits: dtcm")
        _check(f"{where}: memory.{name}", entry, {"origin": int, "size": int}, {"speed": int})
        for key, least in (("origin", 0), ("size", 1), ("speed", 0)):
            _check_range(f"{where}: memory.{name}", entry, key, least)
    if table and not {"flash", "ram"} <= table.keys():
        raise AotError(f"{where}: the key 'memory' must have flash and ram")
    memories = tuple(Memory(name, **entry) for name, entry in table.items())
    _check_apart(where, memories)
    return memories


def _check_apart(where: str, memories: tuple[Memory, ...]) -> None:
    """Raise AotError where two memories have an address in common."""
    ordered = sorted(memories, key=lambda memory: memory.origin)
    for below, above in pairwise(ordered):
        if below.origin + below.size > above.origin:
            raise AotError(f"{where}: the memories '{below.name}' and '{above.name}' overlap")


def _runners(where: str, table: Table) -> tuple[str, ...]:
    runners = _strings(where, "runners", table["runners"])
    for runner in runners:
        if runner not in _RUNNER_NAMES:
            raise AotError(f"{where}: unknown runner '{cut(runner)}'", f"the runners are {', '.join(_RUNNER_NAMES)}")
    for runner, key in (("qemu", "qemu_machine"), ("renode", "renode")):
        if (runner in runners) != (key in table):
            raise AotError(f"{where}: '{key}' and the runner '{runner}' need each other")
    return runners


def _uart(where: str, table: Table) -> Uart:
    _check(where, table, {"driver": str}, _UART_KEYS)
    for key, least in (("base", 0), ("clock_hz", 1), ("baud", 1), ("fraction", 1), ("tx_pin", 0), ("rx_pin", 0)):
        _check_range(where, table, key, least)
    if table.get("base") and "clock_hz" not in table:
        raise AotError(f"{where}: the key 'clock_hz' is missing")
    return Uart(**table)


def _usb(where: str, table: Table) -> tuple[str, ...]:
    ids = _strings(where, "usb", table.get("usb", []))
    for one in ids:
        if not _USB_ID.fullmatch(one):
            raise AotError(f"{where}: the USB id '{cut(one)}' is not four hexadecimal digits, a colon, and four more")
    return ids


def _check_sources(where: str, folder: Path, table: Table) -> None:
    """Raise AotError where a C file that the board asks for does not exist."""
    for key, name in (("timer", table["timer"]), ("uart", table["uart"]["driver"])):
        if not _DRIVER_NAME.fullmatch(name) or not file_of(folder, f"{key}_{name}.c").is_file():
            choices = sorted(path.stem.partition("_")[2] for path in (BOARD_SUPPORT / "common").glob(f"{key}_*.c"))
            raise AotError(f"{where}: there is no {key} '{cut(name)}'", f"they are {', '.join(choices)}",
                           f"your own: {key}_{cut(name)}.c beside the board.toml")  # fmt: skip
    if table.get("setup") and not (folder / "setup.c").is_file():
        raise AotError(f"{where}: 'setup' is true, but there is no setup.c", "write board_setup in a setup.c beside it")


def read_board(name: str, folder: Path) -> Board:
    """The board called `name` that `folder` describes. AotError where its files are wrong."""
    path = folder / "board.toml"
    where, table, cores = _name(path), _read(path), _cores(BOARD_SUPPORT / "cores.toml")
    _check(where, table, _BOARD_KEYS, _OPTIONAL_BOARD_KEYS)
    if table["core"] not in cores:
        raise AotError(f"{where}: unknown core '{cut(table['core'])}'", f"the cores are {', '.join(cores)}")
    for key, least in (("clock_hz", _LEAST_CLOCK_HZ), ("stack_bytes", 0), ("timer_vector", 15)):
        _check_range(where, table, key, least)
    tables: Table = {
        "core": cores[table["core"]],
        "runners": _runners(where, table),
        "memories": _memories(where, table.get("memory", {})),
        "uart": _uart(f"{where}: uart", table["uart"]),
        "usb": _usb(where, table),
    }
    if "renode" in table:
        _check(f"{where}: renode", table["renode"], _RENODE_KEYS, {"changes": str})
        tables["renode"] = Renode(**table["renode"])
    if "programmer" in table:
        _check(f"{where}: programmer", table["programmer"], {}, _PROGRAMMER_KEYS)
        _check_range(f"{where}: programmer", table["programmer"], "uf2_family", 1)
        tables["programmer"] = Programmer(**table["programmer"])
    _check_sources(where, folder, table)
    rest = {key: value for key, value in table.items() if key not in tables and key != "memory"}
    return Board(name=name, folder=folder, **tables, **rest)
