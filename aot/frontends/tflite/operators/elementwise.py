"""Between types."""

import tflite

from aot.frontends.tflite.operators.records import Operator, Record, plain
from aot.graph.ir import Graph
from aot.ops.cast import Cast
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize

_CODES = {
    "bool": tflite.TensorType.BOOL,
    "float32": tflite.TensorType.FLOAT32,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
}


def _write_cast(op: Cast, graph: Graph) -> Record:
    x, y = op.operands(graph)
    return Record(1, "CastOptions", {"InDataType": _CODES[x.dtype], "OutDataType": _CODES[y.dtype]})


OPERATORS = (
    Operator("CAST", Cast, lambda op: Cast(**op.operands()), _write_cast),
    plain("DEQUANTIZE", Dequantize, 2, "DequantizeOptions"),
    plain("QUANTIZE", Quantize, 2, "QuantizeOptions"),
)
