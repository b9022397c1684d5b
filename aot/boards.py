"""Boards and their cores: `board_support/cores.toml` and one `board_support/<board>/board.toml` each."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aot.data import BOARD_SUPPORT
from aot.errors import AotError


@dataclass(frozen=True)
class Core:
    """How to compile for a processor core, and what its kernels may use (`dsp`, `mve`, `fpu`, `fpu64`).

    `flags` are all of the compiler's; `machine` those among them that name the core and its calling convention.
    """

    name: str
    prefix: str
    machine: tuple[str, ...]
    flags: tuple[str, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class Memory:
    """One memory of a board: `flash` (code and weights), `ram` (stack, data, arena), or `vectors`; sizes in bytes."""

    name: str
    origin: int
    size: int


@dataclass(frozen=True)
class Uart:
    """The UART the firmware speaks over: its driver in `board_support/common`, registers and line rate."""

    driver: str
    base: int = 0
    clock_hz: int = 0
    baud: int = 115_200
    tx_pin: int = 0
    rx_pin: int = 0


@dataclass(frozen=True)
class Board:
    """A board is data. `memories` is empty for `host`, whose operating system decides."""

    name: str
    description: str
    core: Core
    clock_hz: int
    timer: str
    runners: tuple[str, ...]
    uart: Uart
    memories: tuple[Memory, ...] = ()
    stack_bytes: int = 0
    qemu_machine: str = ""
    setup: bool = False
    timer_vector: int = 15

    def memory(self, name: str) -> Memory | None:
        """The memory called `name`, or None where the board has none of that name."""
        return next((memory for memory in self.memories if memory.name == name), None)

    @property
    def counts_instructions(self) -> bool:
        """Whether a runner of this board can count instructions."""
        return "qemu" in self.runners


_BOARD_KEYS = {
    "description": str, "core": str, "clock_hz": int, "timer": str, "runners": list, "uart": dict,
}  # fmt: skip
_OPTIONAL_BOARD_KEYS = {"memory": dict, "stack_bytes": int, "qemu_machine": str, "setup": bool, "timer_vector": int}
_UART_KEYS = {"base": int, "clock_hz": int, "baud": int, "tx_pin": int, "rx_pin": int}
_CORE_KEYS = {"prefix": str, "flags": list, "features": list}
_MEMORY_NAMES = ("flash", "ram", "vectors")
_RUNNER_NAMES = ("host", "qemu", "serial")


def _name(path: Path) -> str:
    return f"board_support/{path.relative_to(BOARD_SUPPORT).as_posix()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AotError(f"{_name(path)} cannot be read: {error}") from error


def _check(where: str, table: dict[str, Any], required: Mapping[str, type], optional: Mapping[str, type]) -> None:
    """Raise AotError unless `table` has every required key, no unknown one, and the right types."""
    known = {**required, **optional}
    for key, value in table.items():
        if key not in known:
            raise AotError(f"{where}: unknown key '{key}'", f"the keys are {', '.join(sorted(known))}")
        if type(value) is not known[key]:
            raise AotError(f"{where}: '{key}' must be of type {known[key].__name__}, not {type(value).__name__}")
    for key in required:
        if key not in table:
            raise AotError(f"{where}: the key '{key}' is missing")


def _strings(where: str, key: str, values: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise AotError(f"{where}: '{key}' must be a list of strings")
    return tuple(values)


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


def _memories(where: str, table: dict[str, Any]) -> tuple[Memory, ...]:
    for name, entry in table.items():
        if name not in _MEMORY_NAMES:
            raise AotError(f"{where}: unknown memory '{name}'", f"the memories are {', '.join(_MEMORY_NAMES)}")
        if not isinstance(entry, dict):
            raise AotError(f"{where}: 'memory.{name}' must be a table with origin and size")
        _check(f"{where}: memory.{name}", entry, {"origin": int, "size": int}, {})
    return tuple(Memory(name, entry["origin"], entry["size"]) for name, entry in table.items())


def _board(name: str, path: Path) -> Board:
    where, table, cores = _name(path), _read(path), _cores(BOARD_SUPPORT / "cores.toml")
    _check(where, table, _BOARD_KEYS, _OPTIONAL_BOARD_KEYS)
    _check(f"{where}: uart", table["uart"], {"driver": str}, _UART_KEYS)
    if table["core"] not in cores:
        raise AotError(f"{where}: unknown core '{table['core']}'", f"the cores are {', '.join(cores)}")
    runners = _strings(where, "runners", table["runners"])
    for runner in runners:
        if runner not in _RUNNER_NAMES:
            raise AotError(f"{where}: unknown runner '{runner}'", f"the runners are {', '.join(_RUNNER_NAMES)}")
    if ("qemu" in runners) != ("qemu_machine" in table):
        raise AotError(f"{where}: 'qemu_machine' and the runner 'qemu' need each other")
    memories = _memories(where, table.get("memory", {}))
    if memories and not {"flash", "ram"} <= {memory.name for memory in memories}:
        raise AotError(f"{where}: the key 'memory' must have flash and ram")
    rest = {key: value for key, value in table.items() if key not in ("core", "runners", "memory", "uart")}
    return Board(name=name, core=cores[table["core"]], runners=runners, memories=memories,
                 uart=Uart(**table["uart"]), **rest)  # fmt: skip


def _names() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in BOARD_SUPPORT.glob("*/board.toml")))


def all_boards() -> tuple[Board, ...]:
    """Every board there is, in order of name. AotError where a file of one is wrong."""
    return tuple(load_board(name) for name in _names())


@cache
def load_board(name: str) -> Board:
    """The board called `name`; AotError, with the nearest names, where there is none, or where its file is wrong."""
    names = _names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = [f"did you mean {' or '.join(near)}?"] if near else []
        raise AotError(f"there is no board '{name}'", *hint, f"the boards are {', '.join(names)}")
    return _board(name, BOARD_SUPPORT / name / "board.toml")
