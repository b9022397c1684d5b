"""Recurrent layers of two directions: a layer for each and, where their outputs are merged, a concatenation."""

from dataclasses import replace

import tflite

from aot.frontends.tflite.operators.records import FileOp, Operator
from aot.frontends.tflite.operators.recurrent import FUNCTIONS
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require
from aot.ops.concatenation import Concatenation
from aot.ops.rearrange import Reverse
from aot.ops.recurrent import Lstm, Rnn


def _read_lstm(op: FileOp) -> tuple[Op, ...]:
    options = op.options("BidirectionalSequenceLSTMOptions")
    code = options.integer("FusedActivationFunction")
    require(code == tflite.ActivationFunctionType.TANH, f"fused activation {code}; supported: TANH")
    require(all(t is None for t in op.inputs[39:]), "an auxiliary input")
    forward, backward, joint = _results(op, options.flag("MergeOutputs"), (op.input(35), op.input(37)), 4)

    def layer(y: Tensor, weights: int, states: int, following: int, reverse: bool) -> Op:
        operands = (op.inputs[0], *op.inputs[weights : weights + 17], *op.inputs[states : states + 2])
        return Lstm(
            name=y.name,
            inputs=tuple(None if t is None else t.name for t in operands),
            outputs=(y.name, *(t.name for t in op.outputs[following:][:2])),
            cell_clip=options.real("CellClip"),
            projection_clip=options.real("ProjClip"),
            time_major=options.flag("TimeMajor"),
            reverse=reverse,
        )

    return layer(forward, 1, 35, -4, False), layer(backward, 18, 37, -2, True), *joint


def _read_rnn(op: FileOp) -> tuple[Op, ...]:
    options = op.options("BidirectionalSequenceRNNOptions")
    code = options.integer("FusedActivationFunction")
    require(code in FUNCTIONS, f"fused activation {code}; supported: {', '.join(FUNCTIONS.values())}")
    require(all(t is None for t in op.inputs[9:]), "an auxiliary input")
    forward, backward, joint = _results(op, options.flag("MergeOutputs"), (op.input(4), op.input(8)), 2)

    def layer(y: Tensor, weights: int, following: int, reverse: bool) -> Op:
        operands = (op.input(0), *(op.input(i) for i in range(weights, weights + 4)))
        return Rnn(
            name=y.name,
            inputs=tuple(t.name for t in operands),
            outputs=(y.name, op.outputs[following].name),
            function=FUNCTIONS[code],
            time_major=options.flag("TimeMajor"),
            reverse=reverse,
        )

    return layer(forward, 1, -2, False), layer(backward, 5, -1, True), *joint


def _results(op: FileOp, merged: bool, hidden: tuple[Tensor, Tensor], states: int) -> tuple[Tensor, Tensor, list[Op]]:
    """The outputs of both directions and, where they are merged, what joins them; each as wide as its hidden state."""
    count = len(op.outputs) - states
    require(count == (1 if merged else 2), f"{count} outputs")
    y = op.outputs[0]
    if not merged:
        return y, op.outputs[1], []
    forward, backward = (
        op.new(Tensor(f"{y.name}_{direction}", (*y.shape[:-1], h.shape[-1]), y.dtype, y.quant))
        for direction, h in zip(("forward", "backward"), hidden, strict=True)
    )
    names = (forward.name, backward.name)
    return forward, backward, [Concatenation(name=y.name, inputs=names, outputs=(y.name,), axis=len(y.shape) - 1)]


def _reversed(source: str, target: str, time_major: bool) -> Op:
    return Reverse(name=target, inputs=(source,), outputs=(target,), axes=(0 if time_major else 1,))


def with_reversed_steps(graph: Graph) -> Graph:
    """Layers that go backwards, as a file can say them: the steps of input and output in reverse."""
    for op in graph.ops:
        if isinstance(op, Lstm | Rnn) and op.reverse:
            graph = _with_reversed_steps(graph, op)
    return graph


def _with_reversed_steps(graph: Graph, op: Lstm | Rnn) -> Graph:
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    turned, answers = (replace(t, name=graph.unused(f"{op.name}_{end}")) for t, end in ((x, "steps"), (y, "answers")))
    layer = replace(
        op,
        name=answers.name,
        inputs=(turned.name, *op.inputs[1:]),
        outputs=(answers.name, *op.outputs[1:]),
        reverse=False,
    )
    ops = [_reversed(x.name, turned.name, op.time_major), layer, _reversed(answers.name, y.name, op.time_major)]
    place = graph.ops.index(op)
    labelled = (replace(t, label=t.name) for t in (turned, answers))
    return replace(graph.with_tensors(*labelled), ops=(*graph.ops[:place], *ops, *graph.ops[place + 1 :]))


OPERATORS = (
    Operator("BIDIRECTIONAL_SEQUENCE_LSTM", Lstm, _read_lstm, None, updates=(35, 36, 37, 38)),
    Operator("BIDIRECTIONAL_SEQUENCE_RNN", Rnn, _read_rnn, None, updates=(4, 8)),
)
