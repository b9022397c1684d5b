"""Operators on one tensor, element by element."""

from aot.frontends.tflite.operators.records import FileOp, Operator, Record, plain, refuse_other_codes
from aot.graph.ir import Graph, Op
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.hard_swish import HardSwish
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.two_slopes import Abs, LeakyRelu


def _read_gelu(op: FileOp) -> Op:
    return Gelu(**op.operands(), approximate=op.options("GeluOptions").flag("Approximate"))


def _write_gelu(op: Gelu, graph: Graph) -> Record:
    return Record(1, "GeluOptions", {"Approximate": op.approximate})


def _read_leaky_relu(op: FileOp) -> Op:
    return LeakyRelu(**op.operands(), alpha=op.options("LeakyReluOptions").real("Alpha"))


def _write_leaky_relu(op: LeakyRelu, graph: Graph) -> Record:
    return Record(2, "LeakyReluOptions", {"Alpha": op.alpha})


def _read_logistic(op: FileOp) -> Op:
    return Logistic(**op.operands())


def _write_logistic(op: Logistic, graph: Graph) -> Record:
    refuse_other_codes(op, graph)
    return Record(2)


OPERATORS = (
    plain("ABS", Abs, 1, "AbsOptions"),
    plain("CEIL", Ceil, 1),
    plain("COS", Cos, 1, "CosOptions"),
    plain("ELU", Elu, 1),
    plain("EXP", Exp, 1, "ExpOptions"),
    plain("FLOOR", Floor, 1),
    Operator("GELU", Gelu, _read_gelu, _write_gelu),
    plain("HARD_SWISH", HardSwish, 1, "HardSwishOptions"),
    Operator("LEAKY_RELU", LeakyRelu, _read_leaky_relu, _write_leaky_relu),
    plain("LOG", Log, 1),
    plain("LOGICAL_NOT", LogicalNot, 1, "LogicalNotOptions"),
    Operator("LOGISTIC", Logistic, _read_logistic, _write_logistic),
    plain("NEG", Neg, 1, "NegOptions"),
    plain("RELU", Relu, 2),
    plain("RELU6", Relu6, 2),
    plain("RELU_0_TO_1", Relu0To1, 1),
    plain("RELU_N1_TO_1", ReluN1To1, 1),
    plain("ROUND", Round, 1),
    plain("RSQRT", Rsqrt, 1),
    plain("SIGN", Sign, 1),
    plain("SIN", Sin, 1),
    plain("SQRT", Sqrt, 1),
    plain("SQUARE", Square, 1, "SquareOptions"),
    plain("TANH", Tanh, 2),
)
