"""Long short-term memories of int16 with int8 weights."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from aot.graph.fixedpoint import Multiplier, reduced_multiplier
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.recurrent.lstm_s8 import scaling
from aot.kernels.recurrent.recurrent import strides_of
from aot.ops.lstm_wide import WideDense, WideGate, WideLstm
from aot.ops.recurrent import Lstm, sequence_of
from aot.ops.sigmoid import sigmoid_table

_CYCLES_PER_MAC = 6.0
_CYCLES_PER_CELL = 200.0


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
    numbers = op.integer(graph)
    assert isinstance(numbers, WideLstm)
    sequence, cells = sequence_of(x, op.time_major), op.sizes(graph)[0]
    strides = *strides_of(sequence, sequence.depth), *strides_of(sequence, cells)
    values: dict[str, Any] = {
        "table": Constant(f"{y.name}_table", np.asarray(sigmoid_table())),
        **{gate: _gate(f"{y.name}_{gate}", getattr(numbers, gate)) for gate in ("input", "forget", "update", "output")},
        **_products(numbers, target.rounding),
        "cell_clip": numbers.cell_clip or None,
        "steps": sequence.steps,
        "batches": sequence.batches,
        "depth": sequence.depth,
        "cells": cells,
        **dict(zip(("in_step", "in_batch", "out_step", "out_batch"), strides, strict=True)),
    }
    hidden, cell = op.inputs[18], op.inputs[19]
    assert hidden is not None and cell is not None
    return Call(
        kernel,
        op,
        LstmS16(**values),
        (x.name, hidden, cell),
        op.outputs,
        {"cell_clip": numbers.cell_clip > 0},
        updates=((1, 1), (2, 2)),
        cost=_CYCLES_PER_MAC * op.macs(graph) + _CYCLES_PER_CELL * cells * sequence.steps * sequence.batches,
    )


def _products(numbers: WideLstm, rounding: str) -> dict[str, int]:
    """How products of a gate and a value are scaled, and how the cell is before its hyperbolic tangent is taken."""
    found = {}
    for name, scale in (("kept", numbers.kept_scale), ("added", numbers.added_scale), ("hidden", numbers.hidden_scale)):
        found[f"{name}_multiplier"], found[f"{name}_shift"] = scaling(scale, rounding)
    multiplier, shift = numbers.cell_scaling
    return {**found, "cell_multiplier": multiplier, "cell_half": (1 << shift) >> 1, "cell_right": shift}


def _gate(name: str, gate: WideGate) -> GateS16:
    return GateS16(
        Constant(f"{name}_weights", gate.input.weights),
        Constant(f"{name}_bias", gate.input.bias),
        Constant(f"{name}_recurrent", gate.recurrent.weights),
        *_wide_scaling(gate.input),
        *_wide_scaling(gate.recurrent),
    )


def _wide_scaling(dense: WideDense) -> tuple[int, int]:
    """Multiplier and right shift of `requantize_wide`."""
    multiplier, shift = reduced_multiplier(Multiplier.of(dense.scale))
    return int(multiplier[0]), int(shift[0])


KERNELS: tuple[AnyKernel, ...] = (Kernel("lstm_s16", "recurrent/lstm_s16", (Lstm,), lstm_s16),)
