"""Recurrent layers: loops over batches and steps, the weights once in flash."""

from dataclasses import dataclass
from typing import Any

from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.ops.recurrent import Lstm, Rnn, Sequence, sequence_of

_CYCLES_PER_MAC = 6.0
_CYCLES_PER_CELL = 400.0  # four or five exponentials
_GATES = {"input": 0, "forget": 1, "update": 2, "output": 3}
_PEEPHOLES = {"input": 9, "forget": 10, "output": 11}

# For each function of a simple recurrent layer: statements that change `sum`, and the result.
_FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "none": ((), "sum"),
    "relu": ((), "sum < 0.0f ? 0.0f : sum"),
    "relu6": (("sum = sum < 0.0f ? 0.0f : sum;",), "sum > 6.0f ? 6.0f : sum"),
    "tanh": ((), "tanh_f32(sum)"),
}


@dataclass(frozen=True)
class RnnF32(Params):
    weights: Constant
    recurrent: Constant
    bias: Constant
    steps: int
    batches: int
    depth: int
    units: int
    in_step: int
    in_batch: int
    out_step: int
    out_batch: int


@dataclass(frozen=True)
class LstmF32(Params):
    weights_input: Constant | None
    weights_forget: Constant
    weights_update: Constant
    weights_output: Constant
    recurrent_input: Constant | None
    recurrent_forget: Constant
    recurrent_update: Constant
    recurrent_output: Constant
    bias_input: Constant | None
    bias_forget: Constant
    bias_update: Constant
    bias_output: Constant
    peephole_input: Constant | None
    peephole_forget: Constant | None
    peephole_output: Constant | None
    norm_input: Constant | None
    norm_forget: Constant | None
    norm_update: Constant | None
    norm_output: Constant | None
    projection: Constant | None
    projection_bias: Constant | None
    cell_clip: float | None
    projection_clip: float | None
    steps: int
    batches: int
    depth: int
    cells: int
    units: int
    in_step: int
    in_batch: int
    out_step: int
    out_batch: int


def _constant(name: str, what: str, t: Tensor | None) -> Constant | None:
    return None if t is None or t.data is None else Constant(f"{name}_{what}", t.data)


def strides_of(sequence: Sequence, width: int) -> tuple[int, int]:
    """Elements of `width` from a step to the next, and from a batch to the next."""
    if sequence.time_major:
        return sequence.batches * width, width
    return width, sequence.steps * width


def rnn_f32(kernel: AnyKernel, op: Rnn, graph: Graph, target: Target) -> Call:
    """Simple recurrent layers; a step's outputs are the next one's state."""
    x, w, r, b, h, y = op.operands(graph)
    assert w.data is not None and r.data is not None and b.data is not None
    sequence = sequence_of(x, op.time_major)
    params = RnnF32(
        Constant(f"{y.name}_weights", w.data),
        Constant(f"{y.name}_recurrent", r.data),
        Constant(f"{y.name}_bias", b.data),
        sequence.steps,
        sequence.batches,
        sequence.depth,
        b.elements,
        *strides_of(sequence, sequence.depth),
        *strides_of(sequence, b.elements),
    )
    statements, result = _FUNCTIONS[op.function]
    return Call(
        kernel,
        op,
        params,
        (x.name, h.name),
        op.outputs,
        {"statements": statements, "result": result},
        scratch=b.bytes,
        scratch_type="float",
        updates=((1, 1),),
        cost=_CYCLES_PER_MAC * op.macs(graph),
    )


def lstm_f32(kernel: AnyKernel, op: Lstm, graph: Graph, target: Target) -> Call:
    """Long short-term memories."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    cells, units = op.sizes(graph)
    sequence = sequence_of(x, op.time_major)
    variant = {
        "cifg": op.inputs[1] is None,
        "peephole": op.inputs[10] is not None,
        "layer_norm": graph.operand(op, 21) is not None,
        "projection": op.inputs[16] is not None,
        "projection_bias": op.inputs[17] is not None,
        "cell_clip": op.cell_clip > 0,
        "projection_clip": op.inputs[16] is not None and op.projection_clip > 0,
        "reverse": op.reverse,
    }
    strides = *strides_of(sequence, sequence.depth), *strides_of(sequence, units)
    numbers: dict[str, Any] = {
        "cell_clip": op.cell_clip if variant["cell_clip"] else None,
        "projection_clip": op.projection_clip if variant["projection_clip"] else None,
        **dict(zip(("in_step", "in_batch", "out_step", "out_batch"), strides, strict=True)),
        "steps": sequence.steps,
        "batches": sequence.batches,
        "depth": sequence.depth,
        "cells": cells,
        "units": units,
    }
    params = LstmF32(**_arrays(op, graph, y.name), **numbers)
    hidden, cell = op.inputs[18], op.inputs[19]
    assert hidden is not None and cell is not None
    return Call(
        kernel,
        op,
        params,
        (x.name, hidden, cell),
        op.outputs,
        variant,
        scratch=4 * cells * (3 if variant["cifg"] else 4),
        scratch_type="float",
        updates=((1, 1), (2, 2)),
        cost=_CYCLES_PER_MAC * op.macs(graph) + _CYCLES_PER_CELL * cells * sequence.steps * sequence.batches,
    )


def _arrays(op: Lstm, graph: Graph, name: str) -> dict[str, Any]:
    """Each array by the member that points to it."""
    places = {"weights": {g: 1 + i for g, i in _GATES.items()}, "recurrent": {g: 5 + i for g, i in _GATES.items()},
              "bias": {g: 12 + i for g, i in _GATES.items()}, "peephole": _PEEPHOLES,
              "norm": {g: 20 + i for g, i in _GATES.items()}}  # fmt: skip
    arrays = {
        f"{what}_{gate}": _constant(name, f"{what}_{gate}", graph.operand(op, place))
        for what, gates in places.items()
        for gate, place in gates.items()
    }
    arrays["projection"] = _constant(name, "projection", graph.operand(op, 16))
    arrays["projection_bias"] = _constant(name, "projection_bias", graph.operand(op, 17))
    return arrays


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("lstm_f32", "recurrent/lstm_f32", (Lstm,), lstm_f32),
    Kernel("rnn_f32", "recurrent/rnn_f32", (Rnn,), rnn_f32),
)
