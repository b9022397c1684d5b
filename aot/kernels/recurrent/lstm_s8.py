"""Long short-term memories of int8 with an int16 cell state."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.notes import NORM, OF_CELLS, OF_INPUTS, OF_OUTPUTS, OWN_VALUE
from aot.kernels.common.output import WIDEST, Output, fixed_output
from aot.kernels.common.scaling import right_shift
from aot.kernels.recurrent.recurrent import states_of, step_of, strides_of
from aot.ops.lstm_integer import Dense, Gate, IntegerLstm
from aot.ops.recurrent import Lstm
from aot.ops.sequence import sequence_of

_BIAS = "For each cell, what its sum begins with: its bias, and a zero point times its weights"


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
    projection_output: Output | None
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
    cells, units = op.sizes(graph)
    sequence = sequence_of(x, op.time_major, op.reverse)
    strides = *strides_of(sequence, sequence.depth), *strides_of(sequence, units)
    hidden, cell = states_of(op, graph)
    params = LstmS8(
        *_gates(y.name, numbers, target.rounding),
        _peephole(f"{y.name}_input", numbers.input, target.rounding),
        _peephole(f"{y.name}_forget", numbers.forget, target.rounding),
        _peephole(f"{y.name}_output", numbers.output, target.rounding),
        _norm(f"{y.name}_input", numbers.input, target.rounding),
        _norm(f"{y.name}_forget", numbers.forget, target.rounding),
        _norm(f"{y.name}_update", numbers.update, target.rounding),
        _norm(f"{y.name}_output", numbers.output, target.rounding),
        *_projection(y.name, numbers, graph[hidden], target),
        *scaling(numbers.hidden_scale, target.rounding),
        numbers.hidden_zero,
        *(30 + numbers.cell_shift, 15 + numbers.cell_shift),
        numbers.cell_clip or None,
        *(sequence.steps, sequence.batches, sequence.depth, cells, units),
        *strides,
    )
    return Call(
        kernel,
        op,
        params,
        (x.name, hidden, cell),
        op.outputs,
        {**_variant(numbers), "step": step_of(sequence)},
        scratch=_scratch(numbers, cells),
        scratch_type="int16_t" if numbers.forget.norm else "int8_t",
        updates=((1, 1), (2, 2)),
        work={"macs": op.macs(graph), "cells": cells * sequence.steps * sequence.batches},
    )


def _variant(numbers: IntegerLstm) -> dict[str, bool]:
    """What the layer has of all that may be left out."""
    return {
        "cifg": numbers.input is None,
        "peephole": numbers.forget.peephole is not None,
        "layer_norm": numbers.forget.norm is not None,
        "projection": numbers.projection is not None,
        "cell_clip": numbers.cell_clip > 0,
    }


def _scratch(numbers: IntegerLstm, cells: int) -> int:
    """Bytes for the sums of the gates where they are normalized, or for what is projected, which may lie over them."""
    if numbers.forget.norm is not None:
        return 2 * cells * (2 if numbers.input is None else 3)
    return cells if numbers.projection else 0


def _gates(name: str, numbers: IntegerLstm, rounding: str) -> tuple[GateS8 | None, GateS8, GateS8, GateS8]:
    """Of the input, forget, update and output gates."""
    return (
        _gate(f"{name}_input", numbers.input, rounding) if numbers.input else None,
        _gate(f"{name}_forget", numbers.forget, rounding),
        _gate(f"{name}_update", numbers.update, rounding),
        _gate(f"{name}_output", numbers.output, rounding),
    )


def _gate(name: str, gate: Gate, rounding: str) -> GateS8:
    return GateS8(
        Constant(f"{name}_weights", gate.input.weights, OF_INPUTS),
        Constant(f"{name}_bias", gate.input.bias.astype(np.int32), _BIAS),
        Constant(f"{name}_recurrent", gate.recurrent.weights, OF_OUTPUTS),
        Constant(f"{name}_recurrent_bias", gate.recurrent.bias.astype(np.int32), _BIAS),
        *scaling(gate.input.scale, rounding),
        *scaling(gate.recurrent.scale, rounding),
    )


def _peephole(name: str, gate: Gate | None, rounding: str) -> PeepholeS8 | None:
    if gate is None or gate.peephole is None:
        return None
    peephole = Constant(f"{name}_peephole", gate.peephole, OWN_VALUE)
    return PeepholeS8(peephole, *scaling(gate.peephole_scale, rounding))


def _norm(name: str, gate: Gate | None, rounding: str) -> NormS16 | None:
    if gate is None or gate.norm is None:
        return None
    norm = gate.norm
    return NormS16(
        Constant(f"{name}_norm", norm.weights, NORM),
        Constant(f"{name}_norm_bias", norm.bias, "For each cell, what is added to its normalized sum"),
        *scaling(norm.scale, rounding),
        norm.least_variance,
    )


def _projection(
    name: str, numbers: IntegerLstm, state: Tensor, target: Target
) -> tuple[Constant | None, Constant | None, Output | None]:
    """Weights, bias and output stage."""
    dense: Dense | None = numbers.projection
    if dense is None:
        return None, None, None
    limit = numbers.projection_clip
    limits = (-limit, limit) if limit else (-128, 127)
    return (
        Constant(f"{name}_projection", dense.weights, OF_CELLS),
        Constant(f"{name}_projection_bias", dense.bias.astype(np.int32), "For each output, what its sum begins with"),
        fixed_output(Multiplier.of(dense.scale, target.rounding), state, limits, target, WIDEST),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("lstm_s8", "recurrent/lstm_s8", (Lstm,), lstm_s8, roundings=INTEGER_ROUNDINGS),
)
