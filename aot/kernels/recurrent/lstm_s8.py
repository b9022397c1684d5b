"""Long short-term memories of int8 with an int16 cell state."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from aot.graph.fixedpoint import Multiplier
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.output import TensorOutputAny, right_shift
from aot.kernels.recurrent.recurrent import strides_of
from aot.ops.lstm_integer import Dense, Gate, IntegerLstm
from aot.ops.recurrent import Lstm, sequence_of

_CYCLES_PER_MAC = 3.0
_CYCLES_PER_CELL = 300.0


@dataclass(frozen=True)
class GateS8(Params):
    c_name: ClassVar[str] = "lstm_gate_s8"

    weights: Constant
    bias: Constant
    recurrent: Constant
    recurrent_bias: Constant
    multiplier: int
    shift: int
    recurrent_multiplier: int
    recurrent_shift: int


@dataclass(frozen=True)
class PeepholeS8(Params):
    c_name: ClassVar[str] = "lstm_peephole_s8"

    weights: Constant
    multiplier: int
    shift: int


@dataclass(frozen=True)
class NormS16(Params):
    c_name: ClassVar[str] = "lstm_norm_s16"

    weights: Constant
    bias: Constant
    multiplier: int
    shift: int
    least_variance: int


@dataclass(frozen=True)
class LstmS8(Params):
    input: GateS8 | None
    forget: GateS8
    update: GateS8
    output: GateS8
    input_peephole: PeepholeS8 | None
    forget_peephole: PeepholeS8 | None
    output_peephole: PeepholeS8 | None
    input_norm: NormS16 | None
    forget_norm: NormS16 | None
    update_norm: NormS16 | None
    output_norm: NormS16 | None
    projection: Constant | None
    projection_bias: Constant | None
    projection_output: TensorOutputAny | None
    hidden_multiplier: int
    hidden_shift: int
    hidden_zero_point: int
    cell_shift: int
    cell_bits: int
    cell_clip: int | None
    steps: int
    batches: int
    depth: int
    cells: int
    units: int
    in_step: int
    in_batch: int
    out_step: int
    out_batch: int


def scaling(scale: float, rounding: str) -> tuple[int, int]:
    """Multiplier and right shift of `requantize_any`."""
    fixed = Multiplier.of(scale, rounding)
    return int(fixed.multiplier[0]), int(right_shift(fixed, rounding)[0])


def lstm_s8(kernel: AnyKernel, op: Lstm, graph: Graph, target: Target) -> Call:
    """A cell at a time: only layer normalization and projections need those of all cells at once."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    numbers = op.integer(graph)
    assert isinstance(numbers, IntegerLstm)
    cells, units = op.sizes(graph)
    sequence = sequence_of(x, op.time_major)
    strides = *strides_of(sequence, sequence.depth), *strides_of(sequence, units)
    hidden_scaling = scaling(numbers.hidden_scale, target.rounding)
    values: dict[str, Any] = {
        **_gates(y.name, numbers, target.rounding),
        **_projection(y.name, numbers, target.rounding),
        "hidden_multiplier": hidden_scaling[0],
        "hidden_shift": hidden_scaling[1],
        "hidden_zero_point": numbers.hidden_zero,
        "cell_shift": 30 + numbers.cell_shift,
        "cell_bits": 15 + numbers.cell_shift,
        "cell_clip": numbers.cell_clip or None,
        "steps": sequence.steps,
        "batches": sequence.batches,
        "depth": sequence.depth,
        "cells": cells,
        "units": units,
        **dict(zip(("in_step", "in_batch", "out_step", "out_batch"), strides, strict=True)),
    }
    variant = {
        "cifg": numbers.input is None,
        "peephole": numbers.forget.peephole is not None,
        "layer_norm": numbers.forget.norm is not None,
        "projection": numbers.projection is not None,
        "cell_clip": numbers.cell_clip > 0,
    }
    hidden, cell = op.inputs[18], op.inputs[19]
    assert hidden is not None and cell is not None
    return Call(
        kernel,
        op,
        LstmS8(**values),
        (x.name, hidden, cell),
        op.outputs,
        variant,
        scratch=_scratch(numbers, cells),
        scratch_type="int16_t" if numbers.forget.norm else "int8_t",
        updates=((1, 1), (2, 2)),
        cost=_CYCLES_PER_MAC * op.macs(graph) + _CYCLES_PER_CELL * cells * sequence.steps * sequence.batches,
    )


def _scratch(numbers: IntegerLstm, cells: int) -> int:
    """Bytes for the sums of the gates where they are normalized, or for what is projected, which may lie over them."""
    if numbers.forget.norm is not None:
        return 2 * cells * (2 if numbers.input is None else 3)
    return cells if numbers.projection else 0


def _gates(name: str, numbers: IntegerLstm, rounding: str) -> dict[str, Params | None]:
    gates = {"input": numbers.input, "forget": numbers.forget, "update": numbers.update, "output": numbers.output}
    found: dict[str, Params | None] = {what: _gate(f"{name}_{what}", gate, rounding) for what, gate in gates.items()}
    for what in ("input", "forget", "output"):
        found[f"{what}_peephole"] = _peephole(f"{name}_{what}", gates[what], rounding)
    for what, gate in gates.items():
        found[f"{what}_norm"] = _norm(f"{name}_{what}", gate, rounding)
    return found


def _gate(name: str, gate: Gate | None, rounding: str) -> GateS8 | None:
    if gate is None:
        return None
    return GateS8(
        Constant(f"{name}_weights", gate.input.weights),
        Constant(f"{name}_bias", gate.input.bias.astype(np.int32)),
        Constant(f"{name}_recurrent", gate.recurrent.weights),
        Constant(f"{name}_recurrent_bias", gate.recurrent.bias.astype(np.int32)),
        *scaling(gate.input.scale, rounding),
        *scaling(gate.recurrent.scale, rounding),
    )


def _peephole(name: str, gate: Gate | None, rounding: str) -> PeepholeS8 | None:
    if gate is None or gate.peephole is None:
        return None
    return PeepholeS8(Constant(f"{name}_peephole", gate.peephole), *scaling(gate.peephole_scale, rounding))


def _norm(name: str, gate: Gate | None, rounding: str) -> NormS16 | None:
    if gate is None or gate.norm is None:
        return None
    norm = gate.norm
    return NormS16(
        Constant(f"{name}_norm", norm.weights),
        Constant(f"{name}_norm_bias", norm.bias),
        *scaling(norm.scale, rounding),
        norm.least_variance,
    )


def _projection(name: str, numbers: IntegerLstm, rounding: str) -> dict[str, Any]:
    dense: Dense | None = numbers.projection
    if dense is None:
        return {"projection": None, "projection_bias": None, "projection_output": None}
    limit = numbers.projection_clip
    limits = (-limit, limit) if limit else (-128, 127)
    return {
        "projection": Constant(f"{name}_projection", dense.weights),
        "projection_bias": Constant(f"{name}_projection_bias", dense.bias.astype(np.int32)),
        "projection_output": TensorOutputAny(*scaling(dense.scale, rounding), numbers.state_zero, *limits),
    }


KERNELS: tuple[AnyKernel, ...] = (Kernel("lstm_s8", "recurrent/lstm_s8", (Lstm,), lstm_s8),)
