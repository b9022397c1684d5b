"""Operators that remember: what the file keeps in variable tensors, they read and give anew."""

import tflite

from aot.frontends.tflite.operators.records import (
    FileOp,
    NotInFiles,
    Operator,
    Record,
    read_activation,
    write_activation,
)
from aot.graph.ir import Graph, Op, Quant
from aot.ops.common import require
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.svdf import Svdf


def _read_svdf(op: FileOp) -> Op:
    options = op.options("SVDFOptions")
    activation = read_activation(options)
    return Svdf(**op.operands(), rank=options.integer("Rank"), activation=activation)


def _write_svdf(op: Svdf, graph: Graph) -> Record:
    version = 3 if graph[op.inputs[0]].dtype == "int8" else 1
    return Record(version, "SVDFOptions", {"Rank": op.rank, "FusedActivationFunction": write_activation(op.activation)})


# The functions of a simple recurrent layer.
FUNCTIONS = {
    tflite.ActivationFunctionType.NONE: "none",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.TANH: "tanh",
}


def _read_rnn(op: FileOp) -> Op:
    options = op.options("SequenceRNNOptions")
    code = options.integer("FusedActivationFunction")
    require(code in FUNCTIONS, f"fused activation {code}; supported: {', '.join(FUNCTIONS.values())}")
    return Rnn(**op.operands(), function=FUNCTIONS[code], time_major=options.flag("TimeMajor"))


def _write_rnn(op: Rnn, graph: Graph) -> Record:
    code = next((code for code, function in FUNCTIONS.items() if function == op.function), None)
    if code is None:
        raise NotInFiles(op, f"as it has no function {op.function} there")
    return Record(1, "SequenceRNNOptions", {"TimeMajor": op.time_major, "FusedActivationFunction": code})


_GATE_SUMS = ("input", "forget", "update", "output")
_UNUSED = Quant((1.0,), (0,))  # what matters to layers with normalization alone


def _read_lstm(op: FileOp) -> Op:
    options = op.options("UnidirectionalSequenceLSTMOptions")
    code = options.integer("FusedActivationFunction")
    require(code == tflite.ActivationFunctionType.TANH, f"fused activation {code}; supported: TANH")
    inside = [t.quant for t in op.intermediates]
    hidden = inside[4] if len(inside) == 5 else None
    normal = hidden is not None and any(t is not None for t in op.inputs[20:])
    return Lstm(
        **op.operands(),
        hidden=hidden,
        gate_scales=tuple(q.scale[0] for q in inside[:4] if q is not None) if normal else (),
        cell_clip=options.real("CellClip"),
        projection_clip=options.real("ProjClip"),
        time_major=options.flag("TimeMajor"),
    )


def _write_lstm(op: Lstm, graph: Graph) -> Record:
    fields = {
        "FusedActivationFunction": int(tflite.ActivationFunctionType.TANH),
        "CellClip": op.cell_clip,
        "ProjClip": op.projection_clip,
        "TimeMajor": op.time_major,
    }
    sums = [Quant((scale,), (0,)) for scale in op.gate_scales] or [_UNUSED] * len(_GATE_SUMS)
    inside = {} if op.hidden is None else {**dict(zip(_GATE_SUMS, sums, strict=True)), "hidden": op.hidden}
    return Record(1 if op.hidden is None else 3, "UnidirectionalSequenceLSTMOptions", fields, intermediates=inside)


OPERATORS = (
    Operator("SVDF", Svdf, _read_svdf, _write_svdf, updates=(4,)),
    Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", Lstm, _read_lstm, _write_lstm, updates=(18, 19)),
    Operator("UNIDIRECTIONAL_SEQUENCE_RNN", Rnn, _read_rnn, _write_rnn, updates=(4,)),
)
