"""Operators on several tensors, element by element."""

from typing import TypeVar

from aot.frontends.tflite.operators.records import FileOp, Operator, Record, plain, read_activation, write_activation
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.common import QUANTIZED_TYPES, near_power_of_two
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorDiv, FloorMod
from aot.ops.mul import Mul
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.select import Select, SelectV2
from aot.ops.squared_difference import SquaredDifference


def _sum(builtin: str, kind: type[Add]) -> Operator[Add]:
    """ADD or SUB: where a file of int16 does not deny it, scales that are powers of two mean shifts."""
    options = f"{kind.__name__}Options"

    def read(op: FileOp) -> Op:
        table = op.options(options)
        tensors = [op.input(0), op.input(1), op.outputs[0]]
        shifts = table.flag("PotScaleInt16") and all(_power_of_two(t) for t in tensors)
        return kind(**op.operands(), activation=read_activation(table), power_of_two=shifts)

    def write(op: Add, graph: Graph) -> Record:
        dtype = graph[op.outputs[0]].dtype
        fields = {"FusedActivationFunction": write_activation(op.activation)}
        if dtype == "int16":
            fields["PotScaleInt16"] = op.power_of_two
        return Record(2 if dtype in QUANTIZED_TYPES else 1, options, fields)

    return Operator(builtin, kind, read, write)


def _power_of_two(t: Tensor) -> bool:
    symmetric = t.dtype == "int16" and t.quant is not None and t.zero_point == 0
    return symmetric and near_power_of_two(t.scale) is not None


Activated = TypeVar("Activated", Div, Mul)


def _activated(builtin: str, kind: type[Activated], options: str) -> Operator[Activated]:
    """An operator with a fused activation."""

    def read(op: FileOp) -> Op:
        return kind(**op.operands(), activation=read_activation(op.options(options)))

    def write(op: Activated, graph: Graph) -> Record:
        version = 2 if graph[op.outputs[0]].dtype in QUANTIZED_TYPES else 1
        return Record(version, options, {"FusedActivationFunction": write_activation(op.activation)})

    return Operator(builtin, kind, read, write)


OPERATORS = (
    _sum("ADD", Add),
    plain("ADD_N", AddN, 1, "AddNOptions"),
    plain("BROADCAST_ARGS", BroadcastArgs, 1),
    _activated("DIV", Div, "DivOptions"),
    plain("EQUAL", Equal, 2, "EqualOptions"),
    plain("FLOOR_DIV", FloorDiv, 2, "FloorDivOptions"),
    plain("FLOOR_MOD", FloorMod, 2, "FloorModOptions"),
    plain("GREATER", Greater, 2, "GreaterOptions"),
    plain("GREATER_EQUAL", GreaterEqual, 2, "GreaterEqualOptions"),
    plain("LESS", Less, 2, "LessOptions"),
    plain("LESS_EQUAL", LessEqual, 2, "LessEqualOptions"),
    plain("LOGICAL_AND", LogicalAnd, 1, "LogicalAndOptions"),
    plain("LOGICAL_OR", LogicalOr, 1, "LogicalOrOptions"),
    plain("MAXIMUM", Maximum, 1, "MaximumMinimumOptions"),
    plain("MINIMUM", Minimum, 1, "MaximumMinimumOptions"),
    _activated("MUL", Mul, "MulOptions"),
    plain("NOT_EQUAL", NotEqual, 2, "NotEqualOptions"),
    plain("POW", Pow, 1, "PowOptions"),
    plain("PRELU", Prelu, 1),
    plain("SELECT", Select, 1, "SelectOptions"),
    plain("SELECT_V2", SelectV2, 1, "SelectV2Options"),
    plain("SQUARED_DIFFERENCE", SquaredDifference, 2, "SquaredDifferenceOptions"),
    _sum("SUB", Sub),
)
