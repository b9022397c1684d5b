"""How TensorFlow Lite writes each operator down; a family of operators is a module. OPERATORS lists them all."""

from aot.frontends.tflite.operators import (
    bidirectional,
    binary,
    control,
    convolution,
    elementwise,
    indexing,
    movement,
    parts,
    recurrent,
    reduction,
    unary,
)
from aot.frontends.tflite.operators.records import AnyOperator, FileOp, Operator, Record

__all__ = ["OPERATORS", "AnyOperator", "FileOp", "Operator", "Record"]

OPERATORS: tuple[AnyOperator, ...] = (
    *bidirectional.OPERATORS,
    *binary.OPERATORS,
    *control.OPERATORS,
    *convolution.OPERATORS,
    *elementwise.OPERATORS,
    *indexing.OPERATORS,
    *movement.OPERATORS,
    *parts.OPERATORS,
    *recurrent.OPERATORS,
    *reduction.OPERATORS,
    *unary.OPERATORS,
)
