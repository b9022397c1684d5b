"""Recurrent layers: loops over batches and steps, the weights once in flash."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.formula import Formula, plain
from aot.kernels.common.notes import CELL_BIAS, NORM, OF_CELLS, OF_INPUTS, OF_OUTPUTS, OWN_VALUE
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.sequence import Sequence, SequenceOp, sequence_of

_NOTES = {
    "weights": OF_INPUTS,
    "recurrent": OF_OUTPUTS,
    "bias": CELL_BIAS,
    "peephole": OWN_VALUE,
    "norm": NORM,
    "projection": OF_CELLS,
    "projection_bias": "For each output, its bias",
}

# For each function of a simple recurrent layer, of `sum`.
_FUNCTIONS = {
    "none": plain("sum"),
    "relu": plain("sum < 0.0f ? 0.0f : sum"),
    "relu6": plain("sum = sum < 0.0f ? 0.0f : sum;", "sum > 6.0f ? 6.0f : sum"),
    "sigmoid": Formula(("sigmoid_f32(sum)",), ("sigmoid_f32",)),
    "tanh": Formula(("tanh_f32(sum)",), ("tanh_f32",)),
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
    out_step: int | None
    out_batch: int | None


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
    out_step: int | None
    out_batch: int | None


def states_of(op: Lstm, graph: Graph) -> tuple[str, str]:
    """The output state and the cell state."""
    return graph[op.inputs[18]].name, graph[op.inputs[19]].name


@dataclass(frozen=True)
class _Arrays:
    """The constants of a layer, by what they are and the number of the operand."""

    op: Lstm
    graph: Graph
    name: str

    def given(self, what: str, number: int) -> Constant:
        note = _NOTES.get(what) or _NOTES[what.split("_")[0]]
        return Constant(f"{self.name}_{what}", weights_of(self.graph[self.op.inputs[number]]), note)

    def optional(self, what: str, number: int) -> Constant | None:
        return None if self.graph.operand(self.op, number) is None else self.given(what, number)

    def of_gates(self, what: str, first: int) -> tuple[Constant | None, Constant, Constant, Constant]:
        """Of the input gate, which need not be there, and of the forget, update and output gates."""
        names = f"{what}_forget", f"{what}_update", f"{what}_output"
        forget, update, output = (self.given(name, first + i) for i, name in enumerate(names, start=1))
        return self.optional(f"{what}_input", first), forget, update, output


def strides_of(sequence: Sequence, width: int) -> tuple[int, int]:
    """Elements of `width` from a step to the next, and from a batch to the next."""
    if sequence.time_major:
        return sequence.batches * width, width
    return width, sequence.steps * width


def out_strides_of(op: SequenceOp, sequence: Sequence, width: int) -> tuple[int | None, int | None]:
    """Those of the outputs of all steps, if these are there."""
    return strides_of(sequence, width) if op.gives_steps else (None, None)


def updates_of(op: SequenceOp) -> tuple[tuple[int, int], ...]:
    """Each state, input and output: what it was may be overwritten by what it becomes."""
    return tuple((1 + i, i + op.gives_steps) for i in range(op.states))


def step_of(sequence: Sequence) -> str:
    """Which step the loop's turn `t` is at, in C."""
    return "(p->steps - 1 - t)" if sequence.reverse else "t"


def rnn_f32(kernel: AnyKernel, op: Rnn, graph: Graph, target: Target) -> Call:
    """Simple recurrent layers; a step's outputs are the next one's state."""
    x, w, r, b, h, y = op.operands(graph)
    sequence = sequence_of(x, op.time_major, op.reverse)
    params = RnnF32(
        Constant(f"{y.name}_weights", weights_of(w), OF_INPUTS),
        Constant(f"{y.name}_recurrent", weights_of(r), OF_OUTPUTS),
        Constant(f"{y.name}_bias", weights_of(b), CELL_BIAS),
        sequence.steps,
        sequence.batches,
        sequence.depth,
        b.elements,
        *strides_of(sequence, sequence.depth),
        *out_strides_of(op, sequence, b.elements),
    )
    formula = _FUNCTIONS[op.function]
    return Call(
        kernel,
        op,
        params,
        (x.name, h.name),
        op.outputs,
        {**formula.printed, "step": step_of(sequence), "whole": op.gives_steps},
        needs=formula.needs,
        scratch=b.bytes,
        scratch_type="float",
        updates=updates_of(op),
        work={"macs": op.macs(graph), "cells": b.elements * sequence.steps * sequence.batches},
    )


def lstm_f32(kernel: AnyKernel, op: Lstm, graph: Graph, target: Target) -> Call:
    """Long short-term memories."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    cells, units = op.sizes(graph)
    sequence = sequence_of(x, op.time_major, op.reverse)
    variant = _variant(op, graph)
    strides = *strides_of(sequence, sequence.depth), *out_strides_of(op, sequence, units)
    arrays = _Arrays(op, graph, y.name)
    params = LstmF32(
        *arrays.of_gates("weights", 1),
        *arrays.of_gates("recurrent", 5),
        *arrays.of_gates("bias", 12),
        arrays.optional("peephole_input", 9),
        arrays.optional("peephole_forget", 10),
        arrays.optional("peephole_output", 11),
        arrays.optional("norm_input", 20),
        arrays.optional("norm_forget", 21),
        arrays.optional("norm_update", 22),
        arrays.optional("norm_output", 23),
        arrays.optional("projection", 16),
        arrays.optional("projection_bias", 17),
        op.cell_clip if variant["cell_clip"] else None,
        op.projection_clip if variant["projection_clip"] else None,
        *(sequence.steps, sequence.batches, sequence.depth, cells, units),
        *strides,
    )
    hidden, cell = states_of(op, graph)
    return Call(
        kernel,
        op,
        params,
        (x.name, hidden, cell),
        op.outputs,
        variant,
        scratch=4 * cells * (3 if variant["cifg"] else 4),
        scratch_type="float",
        updates=updates_of(op),
        work={"macs": op.macs(graph), "cells": cells * sequence.steps * sequence.batches},
    )


def _variant(op: Lstm, graph: Graph) -> dict[str, bool]:
    """What the layer has of all that may be left out."""
    return {
        "cifg": op.inputs[1] is None,
        "peephole": op.inputs[10] is not None,
        "layer_norm": graph.operand(op, 21) is not None,
        "projection": op.inputs[16] is not None,
        "projection_bias": op.inputs[17] is not None,
        "cell_clip": op.cell_clip > 0,
        "projection_clip": op.inputs[16] is not None and op.projection_clip > 0,
        "reverse": op.reverse,
        "whole": op.gives_steps,
    }


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("lstm_f32", "recurrent/lstm_f32", (Lstm,), lstm_f32),
    Kernel("rnn_f32", "recurrent/rnn_f32", (Rnn,), rnn_f32),
)
