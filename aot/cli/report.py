"""Results as text for people and as objects with stable keys for scripts. Prints nothing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from aot.cli.inspect import Inspection
from aot.compile.records import Compiled
from aot.device.verify import Difference, Verdict
from aot.graph.ir import Graph, Tensor
from aot.plan import Plan
from aot.project.compile import Firmware
from aot.runners.ports import SerialPort, boards_at
from aot.targets import Board

Json = dict[str, Any]

_SHOWN_SAMPLES = 8
_SHOWN_ELEMENTS = 64


def build_json(compiled: Compiled, firmware: Firmware | None, elf: Path | None) -> Json:
    """The keys of `aot build --json`; what only compiling tells is null without a firmware."""
    code, total = (firmware.flash.code, firmware.flash.total) if firmware else (None, None)
    weights = firmware.flash.weights if firmware else compiled.weights_bytes
    return {
        "model": compiled.interface.name,
        "board": compiled.board.name,
        "rounding": compiled.rounding,
        "optimize": compiled.target.optimize,
        "arena_bytes": compiled.plan.total,
        "arena_lower_bound": sum(plan.lower_bound for plan in compiled.plan.arenas),
        "arena_optimal": all(plan.optimal for plan in compiled.plan.arenas),
        "pools": {plan.pool: plan.size for plan in compiled.plan.arenas},
        "weights_in_ram_bytes": compiled.held.weights.in_ram_bytes,
        "recomputed_macs": compiled.recomputed,
        "stack_bytes": firmware.stack.bytes if firmware else None,
        "flash_bytes": {"code": code, "weights": weights, "total": total},
        "ram_bytes": firmware.ram_bytes if firmware else None,
        "elf": str(elf) if elf else None,
    }


def run_json(compiled: Compiled, firmware: Firmware | None, verdict: Verdict) -> Json:
    """The keys of `aot run --json`; its program is gone when it has run, so `elf` is null."""
    return build_json(compiled, firmware, None) | answers_json(verdict)


def answers_json(verdict: Verdict) -> Json:
    """What of the keys of `aot run --json` is about the answers."""
    return {
        "samples": verdict.samples,
        "exact": verdict.exact,
        "passed": verdict.passed,
        "largest_distance": verdict.distance,
        "instructions": verdict.instructions,
    }


def verify_json(verdict: Verdict) -> Json:
    """The keys of `aot verify --json`."""
    difference = verdict.first_difference
    return {
        "exact": verdict.exact,
        "passed": verdict.passed,
        "largest_distance": verdict.distance,
        "samples": verdict.samples,
        "first_difference": _difference_json(difference) if difference else None,
    }


def _difference_json(difference: Difference) -> Json:
    """JSON has no not-a-number and no infinities: those become text."""
    values = asdict(difference)
    return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def inspect_json(graph: Graph, found: Inspection) -> Json:
    """The keys of `aot inspect --json`."""
    return {
        "model": graph.name,
        "inputs": [_tensor_json(graph[name]) for name in graph.inputs],
        "outputs": [_tensor_json(graph[name]) for name in graph.outputs],
        "state": [_tensor_json(graph[state.current]) for state in graph.state],
        "ops": [{**asdict(op), "macs": op.macs or 0} for op in found.ops],
        "macs": found.macs,
        "parameters": found.parameters,
        "parameter_bytes": found.parameter_bytes,
        "unsupported": [
            {"op": p.op.kind, "tensors": list(p.op.outputs), "reason": p.reason} for p in found.unsupported
        ],
        "transposes": [asdict(one) for one in found.transposes],
    }


def _tensor_json(tensor: Tensor) -> Json:
    quant = tensor.quant and {"scale": list(tensor.quant.scale), "zero_point": list(tensor.quant.zero_point)}
    return {
        "name": tensor.name,
        "label": tensor.label,
        "type": tensor.dtype,
        "shape": list(tensor.shape),
        "quantization": quant or None,
    }


def boards_json(boards: tuple[Board, ...]) -> Json:
    """The keys of `aot boards --json`; sizes of memories are in bytes."""
    return {
        "boards": [
            {
                "name": b.name,
                "description": b.description,
                "core": b.core.name,
                "memory": {m.name: m.size for m in b.memories},
                "runners": list(b.runners),
                "tier": b.tier,
            }
            for b in boards
        ]
    }


def ports_json(ports: Sequence[SerialPort], boards: Sequence[Board]) -> Json:
    """The keys of `aot ports --json`."""
    return {"ports": [{**asdict(port), "boards": boards_at(port, boards)} for port in ports]}


def ports_table(ports: Sequence[SerialPort], boards: Sequence[Board]) -> Table:
    """What `aot ports` shows."""
    table = plain_table("port", "USB id", "boards", "description")
    for port in ports:
        known = ", ".join(boards_at(port, boards))
        table.add_row(*map(Text, (port.device, port.usb or "-", known or "-", port.description)))
    return table


def _arena_text(plan: Plan, several: bool) -> str:
    where = f" in {plan.pool}" if several else ""
    proof = ", proved optimal" if plan.optimal else ""
    return f"{plan.size:,} bytes of arena{where} (lower bound {plan.lower_bound:,}{proof})"


def memory_table(compiled: Compiled, firmware: Firmware | None, verdict: Verdict | None = None) -> Table:
    """RAM, flash, stack and, after a run, instructions: as much as is known."""
    table = plain_table("", "")
    table.show_header = False
    arena = " and ".join(_arena_text(plan, bool(compiled.plan.spilled)) for plan in compiled.plan.arenas)
    if compiled.recomputed:
        whole = sum(op.macs(compiled.graph) for op in compiled.graph.ops)
        times = whole / (whole - compiled.recomputed)
        table.add_row("stripes", f"{times:.2f} times the multiply-accumulates: {compiled.recomputed:,} more")
    if firmware is None:
        table.add_row("RAM", arena)
        table.add_row("flash", f"{compiled.weights_bytes:,} bytes of weights")
        return table
    flash = firmware.flash
    table.add_row("RAM", f"{arena}; {firmware.ram_bytes:,} with all of the firmware")
    table.add_row("flash", f"{flash.total:,} bytes: {flash.weights:,} of weights, {flash.code:,} of code")
    table.add_row("stack", f"{firmware.stack.bytes:,} bytes at most")
    if verdict is not None and verdict.instructions is not None:
        table.add_row("instructions", f"{verdict.instructions:,} for one inference")
    return table


def plain_table(*headers: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines; the columns in `right` hold numbers."""
    table = Table(*headers, box=None, pad_edge=False)
    for index in right:
        table.columns[index].justify = "right"
    return table


def boards_table(boards: tuple[Board, ...]) -> Table:
    """What `aot boards` shows."""
    table = plain_table("board", "core", "RAM", "flash", "runners", "tier", "description", right=(2, 3))
    for board in boards:
        sizes = {memory.name: f"{memory.size // 1024:,} KiB" for memory in board.memories}
        ram, flash = sizes.get("ram", "-"), sizes.get("flash", "-")
        table.add_row(board.name, board.core.name, ram, flash, ", ".join(board.runners), board.tier, board.description)
    return table


def operators_table(found: Inspection) -> Table:
    """One line for each operator, and their sums."""
    table = plain_table("layer", "operator", "result", "MACs", "weight bytes", right=(3, 4))
    for op in found.ops:
        macs = "?" if op.macs is None else f"{op.macs:,}"
        table.add_row(*map(Text, (op.name, op.op, op.result, macs, f"{op.weight_bytes:,}")))
    table.add_row("total", "", "", f"{found.macs:,}", f"{found.parameter_bytes:,}")
    return table


def inspection_lines(found: Inspection) -> Iterator[str]:
    """The size of a model, its transposes, then every operator that is not supported."""
    yield f"{found.macs:,} multiply-accumulates, {found.parameters:,} parameters in {found.parameter_bytes:,} bytes"
    yield f"{found.input_bytes:,} bytes of inputs, {found.output_bytes:,} of outputs"
    if found.transposes:
        yield f"transposes that move elements: {len(found.transposes)}"
        yield from (f"  - {one}" for one in found.transposes)
    if found.unsupported:
        count = len(found.unsupported)
        yield f"not supported: {count} operator{'s' if count > 1 else ''}"
        yield from (f"  - {problem}" for problem in found.unsupported)


def output_lines(compiled: Compiled, verdict: Verdict) -> Iterator[str]:
    """The first samples' outputs, as many as a reader can take in."""
    for i, arrays in enumerate(verdict.outputs[:_SHOWN_SAMPLES]):
        for port, array in zip(compiled.interface.outputs, arrays, strict=True):
            text = np.array2string(array, threshold=_SHOWN_ELEMENTS, max_line_width=110)
            yield f"sample {i}: {port.name} = {text}"
    if len(verdict.outputs) > _SHOWN_SAMPLES:
        yield f"... and {len(verdict.outputs) - _SHOWN_SAMPLES} more samples"


def verdict_text(compiled: Compiled, verdict: Verdict, layers: bool) -> str:
    """What `aot verify` says."""
    if verdict.first_difference:
        return _difference_text(verdict.first_difference)
    what = f"all {len(compiled.calls)} layers" if layers else "all outputs"
    samples = "1 sample" if verdict.samples == 1 else f"{verdict.samples} samples"
    return f"{'bit-exact' if verdict.exact else _tolerated(verdict)}: {what} of {samples} on {compiled.board.name}"


def run_text(verdict: Verdict) -> str:
    """What `aot run` says of the answers."""
    if not verdict.passed:
        return "NOT exact: see `aot verify`"
    return "bit-exact with the interpreter" if verdict.exact else f"{_tolerated(verdict)} from the interpreter"


def _tolerated(verdict: Verdict) -> str:
    return f"within tolerance, at most {verdict.distance} ulp or codes (expf and its kind differ between C libraries)"


def _difference_text(difference: Difference) -> str:
    """One sentence about the first wrong byte."""
    where = f"layer %{difference.tensor} ({difference.layer})" if difference.layer else f"output %{difference.tensor}"
    return (
        f"NOT exact: {where} differs at index {difference.index} of sample {difference.sample}: "
        f"expected {difference.expected}, got {difference.actual}"
    )
