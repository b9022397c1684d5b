"""Operators that remember: what the file keeps in variable tensors, they read and give anew."""

import tflite

from aot.errors import AotError
from aot.frontends.tflite_ops.records import FileOp, Operator, Record, read_activation, write_activation
from aot.ir import Graph, Op, Quant, Tensor
from aot.ops.common import require
from aot.ops.concatenation import Concatenation
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.svdf import Svdf


def _read_svdf(op: FileOp) -> Op:
    options = op.options(tflite.SVDFOptions)
    activation = read_activation(options.FusedActivationFunction())
    return Svdf(**op.operands(), rank=options.Rank(), activation=activation)


def _write_svdf(op: Svdf, graph: Graph) -> Record:
    version = 3 if graph[op.inputs[0]].dtype == "int8" else 1
    return Record(version, "SVDFOptions", {"Rank": op.rank, "FusedActivationFunction": write_activation(op.activation)})


# The functions of a simple recurrent layer.
_FUNCTIONS = {
    tflite.ActivationFunctionType.NONE: "none",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.TANH: "tanh",
}


def _read_rnn(op: FileOp) -> Op:
    options = op.options(tflite.SequenceRNNOptions)
    code = options.FusedActivationFunction()
    require(code in _FUNCTIONS, f"fused activation {code}; supported: {', '.join(_FUNCTIONS.values())}")
    return Rnn(**op.operands(), function=_FUNCTIONS[code], time_major=bool(options.TimeMajor()))


def _write_rnn(op: Rnn, graph: Graph) -> Record:
    code = next(code for code, function in _FUNCTIONS.items() if function == op.function)
    return Record(1, "SequenceRNNOptions", {"TimeMajor": op.time_major, "FusedActivationFunction": code})


_GATE_SUMS = ("input", "forget", "update", "output")
_UNUSED = Quant((1.0,), (0,))  # what matters to layers with normalization alone


def _read_lstm(op: FileOp) -> Op:
    options = op.options(tflite.UnidirectionalSequenceLSTMOptions)
    code = options.FusedActivationFunction()
    require(code == tflite.ActivationFunctionType.TANH, f"fused activation {code}; supported: TANH")
    return Lstm(
        **op.operands(),
        hidden=op.intermediates[4].quant if len(op.intermediates) == 5 else None,
        cell_clip=float(options.CellClip()),
        projection_clip=float(options.ProjClip()),
        time_major=bool(options.TimeMajor()),
    )


def _write_lstm(op: Lstm, graph: Graph) -> Record:
    if op.reverse:
        raise AotError(f"%{op.name} goes backwards, which no operator of a .tflite file says")
    fields = {
        "FusedActivationFunction": int(tflite.ActivationFunctionType.TANH),
        "CellClip": op.cell_clip,
        "ProjClip": op.projection_clip,
        "TimeMajor": op.time_major,
    }
    inside = {} if op.hidden is None else {**dict.fromkeys(_GATE_SUMS, _UNUSED), "hidden": op.hidden}
    return Record(1 if op.hidden is None else 3, "UnidirectionalSequenceLSTMOptions", fields, intermediates=inside)


_FORWARD, _BACKWARD = (1, 35), (18, 37)  # where the 17 weights and the two states of a direction begin


def _read_bidirectional(op: FileOp) -> tuple[Op, ...]:
    """A layer for each direction and, where their outputs are merged, a concatenation."""
    options = op.options(tflite.BidirectionalSequenceLSTMOptions)
    code = options.FusedActivationFunction()
    require(code == tflite.ActivationFunctionType.TANH, f"fused activation {code}; supported: TANH")
    require(all(t is None for t in op.inputs[39:]), "an auxiliary input")
    merged = bool(options.MergeOutputs())
    require(len(op.outputs) == 4 + (1 if merged else 2), f"{len(op.outputs) - 4} outputs")
    states, y = op.outputs[-4:], op.outputs[0]
    results = [_half(op, y, "forward"), _half(op, y, "backward")] if merged else op.outputs[:2]
    layers = [
        Lstm(
            name=result.name,
            inputs=tuple(None if t is None else t.name for t in (op.inputs[0], *_operands(op, *places))),
            outputs=(result.name, hidden.name, cell.name),
            cell_clip=float(options.CellClip()),
            projection_clip=float(options.ProjClip()),
            time_major=bool(options.TimeMajor()),
            reverse=places is _BACKWARD,
        )
        for result, places, hidden, cell in zip(results, (_FORWARD, _BACKWARD), states[::2], states[1::2], strict=True)
    ]
    if not merged:
        return tuple(layers)
    names = tuple(t.name for t in results)
    return *layers, Concatenation(name=y.name, inputs=names, outputs=(y.name,), axis=len(y.shape) - 1)


def _operands(op: FileOp, first: int, states: int) -> list[Tensor | None]:
    """The operands of one direction but the input, in the order of the layer with one direction."""
    return [*op.inputs[first : first + 17], *op.inputs[states : states + 2]]


def _half(op: FileOp, y: Tensor, direction: str) -> Tensor:
    """The output of one direction: as wide as its hidden state."""
    state = op.input(35 if direction == "forward" else 37)
    return op.new(Tensor(f"{y.name}_{direction}", (*y.shape[:-1], state.shape[-1]), y.dtype, y.quant))


OPERATORS = (
    Operator("BIDIRECTIONAL_SEQUENCE_LSTM", Lstm, _read_bidirectional, None, updates=(35, 36, 37, 38)),
    Operator("SVDF", Svdf, _read_svdf, _write_svdf, updates=(4,)),
    Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", Lstm, _read_lstm, _write_lstm, updates=(18, 19)),
    Operator("UNIDIRECTIONAL_SEQUENCE_RNN", Rnn, _read_rnn, _write_rnn, updates=(4,)),
)
