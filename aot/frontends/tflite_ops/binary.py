"""Operators on two tensors, element by element."""

from typing import Any

import tflite

from aot.frontends.tflite_ops.records import FileOp, Operator, Record, plain, read_activation, write_activation
from aot.ir import Graph, Op
from aot.ops.add import Add, Sub
from aot.ops.binary import (
    Div,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalOr,
    Maximum,
    Minimum,
    NotEqual,
    SquaredDifference,
)
from aot.ops.mul import Mul


def _activated(builtin: str, kind: type[Op], options: str) -> Operator:
    """An operator with a fused activation."""

    def read(op: FileOp) -> Op:
        fused = op.options(getattr(tflite, options)).FusedActivationFunction()
        return kind(**op.operands(), activation=read_activation(fused))  # type: ignore[call-arg] # kind has it

    def write(op: Any, graph: Graph) -> Record:
        version = 2 if graph[op.outputs[0]].dtype == "int8" else 1
        return Record(version, options, {"FusedActivationFunction": write_activation(op.activation)})

    return Operator(builtin, kind, read, write)


OPERATORS = (
    _activated("ADD", Add, "AddOptions"),
    _activated("DIV", Div, "DivOptions"),
    plain("EQUAL", Equal, 1, "EqualOptions"),
    plain("GREATER", Greater, 1, "GreaterOptions"),
    plain("GREATER_EQUAL", GreaterEqual, 1, "GreaterEqualOptions"),
    plain("LESS", Less, 1, "LessOptions"),
    plain("LESS_EQUAL", LessEqual, 1, "LessEqualOptions"),
    plain("LOGICAL_AND", LogicalAnd, 1, "LogicalAndOptions"),
    plain("LOGICAL_OR", LogicalOr, 1, "LogicalOrOptions"),
    plain("MAXIMUM", Maximum, 1, "MaximumMinimumOptions"),
    plain("MINIMUM", Minimum, 1, "MaximumMinimumOptions"),
    _activated("MUL", Mul, "MulOptions"),
    plain("NOT_EQUAL", NotEqual, 1, "NotEqualOptions"),
    plain("SQUARED_DIFFERENCE", SquaredDifference, 1, "SquaredDifferenceOptions"),
    _activated("SUB", Sub, "SubOptions"),
)
