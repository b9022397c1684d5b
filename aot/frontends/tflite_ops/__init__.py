"""How TensorFlow Lite writes each operator down; a family of operators is a module. OPERATORS lists them all."""

from aot.frontends.tflite_ops import binary, convolution, elementwise, movement, reduction, unary
from aot.frontends.tflite_ops.records import FileOp, Operator, Record

__all__ = ["OPERATORS", "FileOp", "Operator", "Record"]

OPERATORS: tuple[Operator, ...] = (
    *binary.OPERATORS,
    *convolution.OPERATORS,
    *elementwise.OPERATORS,
    *movement.OPERATORS,
    *reduction.OPERATORS,
    *unary.OPERATORS,
)
