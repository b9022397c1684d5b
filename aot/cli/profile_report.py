"""A profile as an object with stable keys, and as tables for people; compared with an earlier one."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from aot.api import Profiled
from aot.base.errors import AotError
from aot.cli.report import Json

_COUNTED = ("instructions", "cycles")
_NUMBERS = ("instructions", "cycles", "macs", "loads", "stores", "flash_bytes", "scratch_bytes")
_BAR = 20  # characters that would be the whole
_HEADERS = ("instructions", "cycles", "MACs", "loads", "stores", "flash", "scratch")


def read_profile(path: Path) -> Json:
    """What `aot profile --json` printed before. AotError where the file holds something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for part in (found["total"], *found["layers"]):
            if not all(isinstance(part[key], int | None) for key in _COUNTED):
                raise TypeError
        if not all(isinstance(layer["name"], str) for layer in found["layers"]):
            raise TypeError
    except OSError as error:
        raise AotError(
            f"{path} cannot be read: {error.strerror}", "make it: aot profile ... --json > old.json"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise AotError(f"{path} is not a profile", "make one: aot profile ... --json > old.json") from error
    return dict(found)


def profile_json(profiled: Profiled, before: Json | None = None) -> Json:
    """The keys of `aot profile --json`; with `before`, each count has the earlier one beside it (null: not there)."""
    compiled, profile = profiled.compiled, profiled.profile
    found: Json = {
        "model": compiled.interface.name,
        "board": compiled.board.name,
        "rounding": compiled.rounding,
        "measured": profile.measured,
        "arena_bytes": compiled.plan.total,
        "flash_bytes": {"code": profiled.firmware.flash.code, "weights": profiled.firmware.flash.weights},
        "total": {"instructions": profile.instructions, "cycles": profile.cycles},
        "milliseconds": None if profile.cycles is None else 1000 * profile.cycles / compiled.board.clock_hz,
        "clock_hz": compiled.board.clock_hz,
        "layers": [asdict(layer) for layer in profile.layers],
        "functions": profile.functions,
    }
    if before is not None:
        earlier = {layer["name"]: layer for layer in before["layers"]}
        _add_before(found["total"], before["total"])
        for layer in found["layers"]:
            _add_before(layer, earlier.get(layer["name"], {}))
    return found


def _add_before(part: Json, earlier: Json) -> None:
    part.update({f"{key}_before": earlier.get(key) for key in _COUNTED})


def layers_table(found: Json) -> Table:
    """One line for each layer, and their sums; with an earlier profile, by how much the counts changed.

    A layer of which no instruction is left was not skipped: compilers make copies of one element part of the layer that
    reads it, and the table says so.
    """
    compared = "instructions_before" in found["total"]
    more = ["change"] if compared else []
    table = Table("layer", "kernel", *_HEADERS, "cycles/MAC", *more, "share", box=None, pad_edge=False)
    for column in table.columns[2:-1]:
        column.justify = "right"
    sums = _sums(found)
    for layer in (*found["layers"], sums):
        counts = [_number(layer[key]) for key in _NUMBERS]
        if layer["instructions"] == 0:
            counts[: len(_COUNTED)] = "inlined", ""
        row = [layer["name"], layer["kernel"], *counts, _per_mac(layer), *([_change(layer)] if compared else [])]
        table.add_row(*map(Text, (*row, _share(layer, sums))))
    return table


def time_line(found: Json) -> str | None:
    """How long one inference takes at the board's clock; None where no cycles are known."""
    if found["milliseconds"] is None:
        return None
    how = "" if found["measured"] else ", if memory keeps up: an estimate by Arm's table of instructions"
    clock = f"{found['clock_hz'] / 1e6:,g} MHz"
    return f"{found['total']['cycles']:,} cycles are {found['milliseconds']:,.3g} ms at {clock}{how}"


def _share(layer: Json, sums: Json) -> str:
    """Of the whole, in percent and as a bar: of the cycles, or of the instructions where those are not known."""
    key = "cycles" if sums["cycles"] else "instructions"
    if layer is sums or not sums[key]:
        return ""
    share = layer[key] / sums[key]
    return f"{share:4.0%} {'#' * round(share * _BAR)}"


def _sums(found: Json) -> Json:
    sums = {key: _sum([layer[key] for layer in found["layers"]]) for key in _NUMBERS}
    return {**sums, **found["total"], "name": "total", "kernel": "", "scratch_bytes": None}


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _per_mac(layer: Json) -> str:
    return f"{layer['cycles'] / layer['macs']:.2f}" if layer["cycles"] is not None and layer["macs"] else ""


def _change(layer: Json) -> str:
    """Of the instructions, or of the cycles where those were not counted."""
    key = next((key for key in _COUNTED if layer[key] is not None), "cycles")
    now, before = layer[key], layer[f"{key}_before"]
    if before is None:
        return "new"
    return f"{100 * (now - before) / before:+.1f} %" if before and now is not None else ""


def kernels_table(found: Json) -> Table:
    """Why each layer's kernel was chosen."""
    table = Table("layer", "kernel", "estimated cost", box=None, pad_edge=False)
    for layer in found["layers"]:
        table.add_row(*map(Text, (layer["name"], layer["kernel"], layer["why"])))
    return table
