"""What stands for reals: from integers and to them."""

from dataclasses import replace

import numpy as np

from aot.frontends.building import Value
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Array, Quant
from aot.ops.common import QUANTIZED_TYPES, require
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize


def _quant(call: Call, x: Value) -> Quant:
    """The parameters: inputs 1 and 2, for all elements or along an axis."""
    require(call.node.integer("block_size", 0) == 0, "quantization by blocks")
    scale = call.known(1, "the scale").astype(np.float32)
    zero = call.known(2, "the zero point") if call.has(2) else np.zeros(scale.shape, np.int8)
    scales, zeros = tuple(map(float, scale.ravel())), tuple(int(z) for z in zero.ravel())
    axis = axis_of(call.node.integer("axis", 1), x.rank) if len(scales) > 1 else None
    return Quant(scales, zeros, axis)


def _dequantize(call: Call) -> Value:
    """Constants stay codes beside their reals: whoever computes with integers finds them."""
    x = call.input(0)
    quant = _quant(call, x)
    if x.constant:
        y = replace(call.build.constant(_reals(x.array, quant), x.label))
        return replace(y, codes=x.array, quant=quant) if x.dtype in QUANTIZED_TYPES else y
    return call.build.like(call.build.quantize(x, quant), Dequantize, dtype="float32")


def _reals(codes: Array, quant: Quant) -> Array:
    shape = [1] * codes.ndim
    if quant.axis is not None:
        shape[quant.axis] = -1
    zeros = np.array(quant.zero_point, np.int64).reshape(shape if codes.ndim else ())
    scales = np.array(quant.scale, np.float32).reshape(shape if codes.ndim else ())
    return np.asarray((codes.astype(np.int64) - zeros).astype(np.float32) * scales)


def _quantize(call: Call) -> Value:
    x = call.input(0)
    quant = _quant(call, x)
    dtype = call.input(2).dtype if call.has(2) else "uint8"
    y = call.build.like(x, Quantize, dtype=dtype)
    return call.build.quantize(y, quant)


READERS: dict[str, Reader] = {"DequantizeLinear": _dequantize, "QuantizeLinear": _quantize}
