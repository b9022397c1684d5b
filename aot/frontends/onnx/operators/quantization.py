"""What stands for reals: from integers and to them. Conversions are notation: passes give operators integer forms."""

import math
from dataclasses import replace

import numpy as np

from aot.frontends.building import Builder, Value
from aot.frontends.onnx.file import TYPES
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Array, Quant, Unsupported
from aot.ops.add import Sub
from aot.ops.cast import Cast
from aot.ops.codes import reals
from aot.ops.common import QUANTIZED_TYPES, require
from aot.ops.dequantize import Dequantize
from aot.ops.mul import Mul
from aot.ops.quantize import Quantize

_HELD_IN = {"int4": "int8", "uint4": "uint8", "uint16": "int16"}  # types of codes that are another one here
_SHIFT = {"uint16": 1 << 15}  # and what the codes are then less by
_CODES = (*QUANTIZED_TYPES, "int32")  # what constants keep beside their reals


def dequantized(build: Builder, x: Value, scale: Value, zero: Value | None, axis: int = 1) -> Value:
    """The reals that codes stand for. Constants stay codes beside them: whoever computes with integers finds them."""
    quant = _quant(x, scale, zero, axis, x.dtype if zero is None else zero.dtype)
    if not x.constant and build.tensor(x.tensor).quant not in (None, quant):  # codes that stand for other reals, too
        return build.like(numbers(build, x, quant.zero_point[0]), Mul, (build.number(quant.scale[0]),))
    if not x.constant:
        return build.like(build.quantize(x, quant), Dequantize, dtype="float32", notation=True)
    codes = _held(x.array)
    y = build.constant(reals(codes, quant), x.label)
    return replace(y, codes=codes, quant=quant) if codes.dtype.name in _CODES else y


def numbers(build: Builder, x: Value, zero: int) -> Value:
    """Codes less a zero point as float32 numbers, whatever reals they stand for."""
    codes = build.like(x, Cast, dtype="float32")
    return build.like(codes, Sub, (build.number(zero),)) if zero else codes


def quantized(build: Builder, x: Value, scale: Value, zero: Value | None, axis: int = 1, dtype: str = "uint8") -> Value:
    """Reals as codes, of the type of the zero point, or of `dtype` where that is left out."""
    dtype = dtype if zero is None else zero.dtype
    if dtype in ("int4", "uint4"):
        raise Unsupported(f"activations of {dtype}; supported: 8 and 16 bits")
    y = build.like(x, Quantize, dtype=_HELD_IN.get(dtype, dtype), notation=True)
    return build.quantize(y, _quant(x, scale, zero, axis, dtype))


def _quant(x: Value, scale: Value, zero: Value | None, axis: int, dtype: str) -> Quant:
    """The parameters, for all elements or along an axis."""
    for value, what in ((scale, "the scale"), (zero, "the zero point")):
        require(value is None or value.constant, f"{what} (%{value.label if value else ''}) is not constant")
    scales = tuple(map(float, scale.array.astype(np.float32).ravel()))
    zeros = (0,) * len(scales) if zero is None else tuple(int(z) for z in zero.array.astype(np.int64).ravel())
    zeros = zeros * len(scales) if len(zeros) == 1 else zeros
    require(scale.rank <= 1 and len(zeros) == len(scales), "quantization by blocks")
    require(all(0 < s < math.inf for s in scales), "a scale that is no positive number")
    along = axis_of(axis, x.rank) if len(scales) > 1 else None
    require(along is None or x.constant, "activations with a scale for each channel")
    require(along is None or x.shape[along] == len(scales), f"{len(scales)} scales for shape {list(x.shape)}")
    return Quant(scales, tuple(z - _SHIFT.get(dtype, 0) for z in zeros), along)


def _held(codes: Array) -> Array:
    """Codes as a type that tensors may have."""
    name = codes.dtype.name
    return (codes.astype(np.int64) - _SHIFT.get(name, 0)).astype(_HELD_IN.get(name, name))


def _dequantize(call: Call) -> Value:
    require(call.node.integer("block_size", 0) == 0, "quantization by blocks")
    zero = call.input(2) if call.has(2) else None
    return dequantized(call.build, call.input(0), call.input(1), zero, call.node.integer("axis", 1))


def _quantize(call: Call) -> Value:
    node = call.node
    require(node.integer("block_size", 0) == 0, "quantization by blocks")
    kind = node.integer("output_dtype", 0)
    require(kind == 0 or kind in TYPES, "codes of 8 bits that are real numbers")
    zero = call.input(2) if call.has(2) else None
    dtype = TYPES.get(kind, "uint8")
    return quantized(call.build, call.input(0), call.input(1), zero, node.integer("axis", 1), dtype)


READERS: dict[str, Reader] = {"DequantizeLinear": _dequantize, "QuantizeLinear": _quantize}
