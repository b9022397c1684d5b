"""MEAN over some axes: int8, int16, float32, int32, int64."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, quantize_multiplier, requantize, requantize_float
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import OWN_RANGES, Activation, clamp
from aot.ops.dense import require_symmetric
from aot.ops.reduce import Reduction


@dataclass(frozen=True, kw_only=True)
class Mean(Reduction):
    """y = zero_y + (sum over the axes of (x - zero_x)) * scale_x / scale_y / N, with 1/N folded into the multiplier.

    Rounding `onnx`: the sum times `mean_scale_float`.
    float32: the sum, one addition after the other, over N. int32 and int64: the quotient, its fraction cut off.
    """

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = ("int8", "int16", "float32", "int32", "int64")
    rescales: ClassVar[bool] = True

    def check(self, graph: Graph) -> None:
        super().check(graph)
        require_symmetric(*self.operands(graph))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value, count = values[x.name], self.count(x)
        if x.dtype == "float32":
            return ((self.sum_in_order(x, value) / np.float32(count)).reshape(y.shape),)
        acc = self.columns(value).sum(axis=1, dtype=np.int64)
        if x.dtype in ("int32", "int64"):
            quotient = acc // count + ((acc < 0) & (acc % count != 0))
            return (quotient.astype(x.dtype).reshape(y.shape),)
        acc -= count * x.zero_point
        if rounding == "onnx":
            scaled = requantize_float(acc, mean_scale_float(x, y, count))
        else:
            scaled = requantize(acc, mean_multiplier(x, y, count, rounding), rounding)
        return (clamp(scaled + y.zero_point, Activation.NONE, y).reshape(y.shape),)


def mean_scale_float(x: Tensor, y: Tensor, count: int) -> Array:
    """scale_x / (scale_y * count) in float32: onnxruntime's QLinearGlobalAveragePool."""
    return np.asarray(np.float32(x.scale) / (np.float32(y.scale) * np.float32(count)))


def mean_multiplier(x: Tensor, y: Tensor, count: int, rounding: str) -> Multiplier:
    """scale_x / scale_y / count: the quotient of scales made fixed-point first, then divided by `count` and cut off."""
    multiplier, shift = quantize_multiplier(x.scale / y.scale, rounding)
    more = min(count.bit_length() - 1, 32, 31 + shift)
    return Multiplier(np.array([(multiplier << more) // count], np.int64), np.array([shift - more], np.int64))
