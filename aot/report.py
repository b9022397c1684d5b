"""Results as text for people and as objects with stable keys for scripts. Prints nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from aot.boards import Board
from aot.build import Firmware
from aot.inspect import Inspection
from aot.ir import Graph, Tensor
from aot.pipeline import Compiled
from aot.verify import Difference, Verdict

Json = dict[str, Any]


def build_json(compiled: Compiled, firmware: Firmware | None, elf: Path | None) -> Json:
    """The keys of `aot build --json`; what only compiling tells is null without a firmware."""
    flash = firmware and {
        "code": firmware.flash.code,
        "weights": firmware.flash.weights,
        "total": firmware.flash.total,
    }
    return {
        "model": compiled.interface.name,
        "board": compiled.board.name,
        "rounding": compiled.rounding,
        "arena_bytes": compiled.plan.size,
        "arena_lower_bound": compiled.plan.lower_bound,
        "stack_bytes": firmware.stack.bytes if firmware else None,
        "flash_bytes": flash or {"code": None, "weights": compiled.weights_bytes, "total": None},
        "ram_bytes": firmware.ram_bytes if firmware else None,
        "elf": str(elf) if elf else None,
    }


def run_json(compiled: Compiled, firmware: Firmware, verdict: Verdict) -> Json:
    """The keys of `aot run --json`."""
    return build_json(compiled, firmware, firmware.elf) | {
        "samples": verdict.samples,
        "exact": verdict.exact,
        "instructions": verdict.instructions,
    }


def verify_json(verdict: Verdict) -> Json:
    """The keys of `aot verify --json`."""
    difference = verdict.first_difference
    return {
        "exact": verdict.exact,
        "samples": verdict.samples,
        "first_difference": asdict(difference) if difference else None,
    }


def inspect_json(graph: Graph, found: Inspection) -> Json:
    """The keys of `aot inspect --json`."""
    return {
        "model": graph.name,
        "inputs": [_tensor_json(graph[name]) for name in graph.inputs],
        "outputs": [_tensor_json(graph[name]) for name in graph.outputs],
        "ops": [asdict(op) for op in found.ops],
        "macs": found.macs,
        "parameters": found.parameters,
        "parameter_bytes": found.parameter_bytes,
        "unsupported": [
            {"op": p.op.kind, "tensors": list(p.op.outputs), "reason": p.reason} for p in found.unsupported
        ],
    }


def _tensor_json(tensor: Tensor) -> Json:
    quant = tensor.quant and {"scale": tensor.quant.scale[0], "zero_point": tensor.quant.zero_point[0]}
    return {
        "name": tensor.name,
        "label": tensor.label,
        "type": tensor.dtype,
        "shape": list(tensor.shape),
        "quantization": quant or None,
    }


def boards_json(boards: tuple[Board, ...]) -> list[Json]:
    """One object for each board."""
    return [
        {
            "name": b.name,
            "description": b.description,
            "core": b.core.name,
            "memory": {m.name: m.size for m in b.memories},
            "runners": list(b.runners),
        }
        for b in boards
    ]


def memory_table(compiled: Compiled, firmware: Firmware, verdict: Verdict | None = None) -> Table:
    """RAM, flash, stack and, after a run, instructions."""
    table = Table(box=None, show_header=False, pad_edge=False)
    bound = f"(lower bound {compiled.plan.lower_bound:,})"
    rows = [
        ("RAM", f"{compiled.plan.size:,} bytes of arena {bound}; {firmware.ram_bytes:,} with all of the firmware"),
        (
            "flash",
            f"{firmware.flash.total:,} bytes: {firmware.flash.weights:,} of weights, {firmware.flash.code:,} of code",
        ),
        ("stack", f"{firmware.stack.bytes:,} bytes at most"),
    ]
    if verdict is not None and verdict.instructions is not None:
        rows.append(("instructions", f"{verdict.instructions:,} for one inference"))
    for row in rows:
        table.add_row(*row)
    return table


def boards_table(boards: tuple[Board, ...]) -> Table:
    """What `aot boards` shows."""
    table = Table("board", "core", "RAM", "flash", "runners", "description", box=None, pad_edge=False)
    for board in boards:
        sizes = {memory.name: f"{memory.size // 1024:,} KiB" for memory in board.memories}
        ram, flash = sizes.get("ram", "-"), sizes.get("flash", "-")
        table.add_row(board.name, board.core.name, ram, flash, ", ".join(board.runners), board.description)
    return table


def macs_table(found: Inspection) -> Table:
    """Multiply-accumulates by operator."""
    table = Table("layer", "operator", "MACs", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for op in found.ops:
        table.add_row(op.name, op.op, f"{op.macs:,}")
    return table


def difference_text(difference: Difference) -> str:
    """One sentence about the first wrong byte."""
    where = f"layer %{difference.tensor} ({difference.layer})" if difference.layer else f"output %{difference.tensor}"
    return (
        f"{where} differs at index {difference.index} of sample {difference.sample}: "
        f"expected {difference.expected}, got {difference.actual}"
    )
