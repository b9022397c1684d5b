"""Operators that remember: what the file keeps in variable tensors, they read and give anew."""

import tflite

from aot.frontends.tflite_ops.records import FileOp, Operator, Record, read_activation, write_activation
from aot.ir import Graph, Op
from aot.ops.svdf import Svdf


def _read_svdf(op: FileOp) -> Op:
    options = op.options(tflite.SVDFOptions)
    activation = read_activation(options.FusedActivationFunction())
    return Svdf(**op.operands(), rank=options.Rank(), activation=activation)


def _write_svdf(op: Svdf, graph: Graph) -> Record:
    version = 3 if graph[op.inputs[0]].dtype == "int8" else 1
    return Record(version, "SVDFOptions", {"Rank": op.rank, "FusedActivationFunction": write_activation(op.activation)})


OPERATORS = (Operator("SVDF", Svdf, _read_svdf, _write_svdf, updates=(4,)),)
