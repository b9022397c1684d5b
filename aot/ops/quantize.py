"""QUANTIZE: float32 -> int8, uint8 or int16; and from one integer type, scale or zero point to another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.codes import quantize_real, reals
from aot.ops.common import (
    require,
    require_operands,
    require_quantized,
    require_ratio,
    require_shape,
    require_types,
    rescale,
)
from aot.ops.operands import SingleInput

_TYPES = tuple(
    (x, y)
    for x, ys in {
        "float32": ("int8", "uint8", "int16"),
        "int8": ("int8", "uint8", "int16"),
        "uint8": ("int8", "uint8", "int16"),
        "int16": ("int8", "int16", "int32"),
        "int32": ("int8", "int16"),
    }.items()
    for y in ys
)

_UNSIGNED = 128  # between codes of int8 and of uint8


@dataclass(frozen=True, kw_only=True)
class Quantize(SingleInput):
    """From float32, y = zero_y + round(x / scale_y), ties away from zero; from integers, (x - zero_x) requantized.

    Rounding `onnx`: ties to even, and integers become reals first.

    `as_uint8`: int8 codes are uint8's, less 128, and rescaled in float32, as CONCATENATION does it.
    `notation`: so a file says that its neighbours compute with codes; in a normal graph none is left.
    """

    as_uint8: bool = False
    notation: bool = False

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *_TYPES)
        x, y = self.operands(graph)
        require_quantized(y)
        require_shape(y, x.shape)
        if x.dtype != "float32":
            require_quantized(x)
            require_ratio(x, y)
        require(not self.as_uint8 or x.dtype == y.dtype == "int8", f"%{x.name} is {x.dtype}, not uint8 less 128")
        for t in (x, y):
            require(t.dtype != "int32" or t.zero_point == 0, f"%{t.name} is int32 with a zero point; supported: 0")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        if x.dtype == "float32":
            return (quantize_real(values[x.name], y, rounding),)
        if rounding == "onnx" and y.dtype != "int32":
            return (quantize_real(reals(values[x.name], x.quantization), y, rounding),)
        if self.as_uint8:
            return (_rescaled_as_uint8(values[x.name], x, y),)
        scaled = rescale(values[x.name], x, x.scale / y.scale, rounding)
        info = np.iinfo(y.dtype)
        return (np.clip(scaled + y.zero_point, info.min, info.max).astype(y.dtype),)


def _rescaled_as_uint8(codes: Array, x: Tensor, y: Tensor) -> Array:
    """As TensorFlow Lite's reference CONCATENATION: code * scale + bias, each step in float32, ties away from zero."""
    scale = np.float32(x.scale) * (np.float32(1) / np.float32(y.scale))
    bias = np.float32(-(x.zero_point + _UNSIGNED)) * scale
    real = ((codes.astype(np.float32) + np.float32(_UNSIGNED)) * scale + bias).astype(np.float64)
    rounded = np.trunc(real + np.copysign(0.5, real))
    return np.asarray(np.clip(rounded + y.zero_point, -_UNSIGNED, _UNSIGNED - 1).astype(np.int8))
