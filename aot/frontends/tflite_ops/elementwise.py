"""Between types."""

from aot.frontends.tflite_ops.records import plain
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize

OPERATORS = (
    plain("DEQUANTIZE", Dequantize, 2, "DequantizeOptions"),
    plain("QUANTIZE", Quantize, 2, "QuantizeOptions"),
)
