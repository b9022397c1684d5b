"""PRELU: a slope of its own below zero for each element, float32 and int8."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Tensor
from aot.ops.binary import Binary
from aot.ops.codes import in_reals
from aot.ops.common import QUANTIZED_TYPES, Activation, clamp, float_ratio, require, require_ratio, require_shape
from aot.ops.mul import mul_scale
from aot.ops.unary import require_codes


@dataclass(frozen=True, kw_only=True)
class Prelu(Binary):
    """y = x where that is not negative, alpha * x elsewhere; alpha broadcasts to the shape of x.

    Quantized: zero_y + (x - zero_x) * scale_x / scale_y, or (x - zero_x) * (alpha - zero_alpha) with that one's scale.
    """

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")

    def check(self, graph: Graph) -> None:
        super().check(graph)
        x, _, y = self.operands(graph)
        require_shape(x, y.shape)

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        require_ratio(a, y)
        # The product of two codes, shifted, must fit 32 bits.
        require(mul_scale(a, b, y) < 2**14, f"%{y.name} has a scale that is too small for the operands'")

    def plain(self, a: Tensor, b: Tensor, y: Tensor) -> bool:
        return a.dtype not in QUANTIZED_TYPES

    @in_reals
    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, alpha, y = self.operands(graph)
        if self.plain(x, alpha, y):
            return super().evaluate(graph, values, rounding)
        value, slope = (values[t.name].astype(np.int64) - t.zero_point for t in (x, alpha))
        above, below = (Multiplier.of(s, rounding) for s in (float_ratio(x, y), mul_scale(x, alpha, y)))
        scaled = np.where(value < 0, requantize(value * slope, below, rounding), requantize(value, above, rounding))
        return (clamp(scaled + y.zero_point, Activation.NONE, y),)

    def combine(self, a: Array, b: Array) -> Array:
        return np.where(a >= 0, a, a * b)
