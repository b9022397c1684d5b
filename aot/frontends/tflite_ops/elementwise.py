"""Operators that work element by element."""

import tflite

from aot.frontends.tflite_ops.records import FileOp, Operator, Record, plain, read_activation, write_activation
from aot.ir import Graph, Op
from aot.ops.add import Add
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize


def _read_add(op: FileOp) -> Op:
    return Add(**op.operands(), activation=read_activation(op.options(tflite.AddOptions).FusedActivationFunction()))


def _write_add(op: Add, graph: Graph) -> Record:
    version = 2 if graph[op.outputs[0]].dtype == "int8" else 1
    return Record(version, "AddOptions", {"FusedActivationFunction": write_activation(op.activation)})


OPERATORS = (
    Operator("ADD", Add, _read_add, _write_add),
    plain("DEQUANTIZE", Dequantize, 2, "DequantizeOptions"),
    plain("QUANTIZE", Quantize, 2, "QuantizeOptions"),
)
