"""Long short-term memories of int16 with int8 weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier, reduced_multiplier
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.notes import CELL_BIAS, OF_INPUTS, OF_OUTPUTS, SIGMOIDS
from aot.kernels.recurrent.lstm_s8 import scaling
from aot.kernels.recurrent.recurrent import states_of, step_of, strides_of
from aot.ops.lstm_wide import WideDense, WideGate, WideLstm
from aot.ops.recurrent import Lstm
from aot.ops.sequence import sequence_of
from aot.ops.sigmoid import sigmoid_table


@dataclass(frozen=True)
class GateS16(Params):
    c_name: ClassVar[str] = "lstm_gate_s16"

    weights: Constant
    bias: Constant
    recurrent: Constant
    multiplier: int
    shift: int
    recurrent_multiplier: int
    recurrent_shift: int


@dataclass(frozen=True)
class LstmS16(Params):
    table: Constant
    input: GateS16
    forget: GateS16
    update: GateS16
    output: GateS16
    kept_multiplier: int
    kept_shift: int
    added_multiplier: int
    added_shift: int
    hidden_multiplier: int
    hidden_shift: int
    cell_multiplier: int
    cell_half: int
    cell_right: int
    cell_clip: int | None
    steps: int
    batches: int
    depth: int
    cells: int
    in_step: int
    in_batch: int
    out_step: int
    out_batch: int


def lstm_s16(kernel: AnyKernel, op: Lstm, graph: Graph, target: Target) -> Call:
    """A cell at a time, from beginning to end."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    fit(x.dtype == "int16", f"%{x.name} is {x.dtype}")
    numbers = op.wide(graph)
    sequence, cells = sequence_of(x, op.time_major, op.reverse), op.sizes(graph)[0]
    strides = *strides_of(sequence, sequence.depth), *strides_of(sequence, cells)
    params = LstmS16(
        Constant(f"{y.name}_table", np.asarray(sigmoid_table()), SIGMOIDS),
        _gate(f"{y.name}_input", numbers.input),
        _gate(f"{y.name}_forget", numbers.forget),
        _gate(f"{y.name}_update", numbers.update),
        _gate(f"{y.name}_output", numbers.output),
        *scaling(numbers.kept_scale, target.rounding),
        *scaling(numbers.added_scale, target.rounding),
        *scaling(numbers.hidden_scale, target.rounding),
        *_cell_scaling(numbers),
        numbers.cell_clip or None,
        *(sequence.steps, sequence.batches, sequence.depth, cells),
        *strides,
    )
    hidden, cell = states_of(op, graph)
    return Call(
        kernel,
        op,
        params,
        (x.name, hidden, cell),
        op.outputs,
        {"cell_clip": numbers.cell_clip > 0, "step": step_of(sequence)},
        updates=((1, 1), (2, 2)),
        work={"macs": op.macs(graph), "cells": cells * sequence.steps * sequence.batches},
    )


def _cell_scaling(numbers: WideLstm) -> tuple[int, int, int]:
    """How the cell is scaled before its hyperbolic tangent is taken: the factor, what rounds, and the shift."""
    multiplier, shift = numbers.cell_scaling
    return multiplier, (1 << shift) >> 1, shift


def _gate(name: str, gate: WideGate) -> GateS16:
    return GateS16(
        Constant(f"{name}_weights", gate.input.weights, OF_INPUTS),
        Constant(f"{name}_bias", gate.input.bias, CELL_BIAS),
        Constant(f"{name}_recurrent", gate.recurrent.weights, OF_OUTPUTS),
        *_wide_scaling(gate.input),
        *_wide_scaling(gate.recurrent),
    )


def _wide_scaling(dense: WideDense) -> tuple[int, int]:
    """Multiplier and right shift of `requantize_wide`."""
    multiplier, shift = reduced_multiplier(Multiplier.of(dense.scale))
    return int(multiplier[0]), int(shift[0])


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("lstm_s16", "recurrent/lstm_s16", (Lstm,), lstm_s16, roundings=INTEGER_ROUNDINGS),
)
