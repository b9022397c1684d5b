"""Limits of any size, which a .tflite file only has as two operators."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import QUANTIZED_TYPES, SHARED_RANGE, quantized, require, require_same_quant
from aot.ops.unary import Unary


@dataclass(frozen=True, kw_only=True)
class Clip(Unary):
    """The number from `low` to `high` that is nearest to x; not-a-number stays, and where they cross, `high` wins.

    Quantized, scale and zero point stay.
    """

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32")

    low: float = -math.inf
    high: float = math.inf

    def check(self, graph: Graph) -> None:
        super().check(graph)
        require(not math.isnan(self.low) and not math.isnan(self.high), "a limit that is not a number")

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require_same_quant(x, y)

    def limits(self, y: Tensor, rounding: str) -> tuple[float, float]:
        """The least and the largest value of `y`, the first never above the second; integers where `y` holds those."""
        low, high = min(self.low, self.high), self.high
        if y.dtype == "float32":
            return float(np.float32(low)), float(np.float32(high))
        info = np.iinfo(y.dtype)
        if y.dtype in QUANTIZED_TYPES:
            ends = [float(code - y.zero_point) * y.scale for code in (info.min, info.max)]
            low, high = (quantized(min(max(limit, ends[0]), ends[1]), y, rounding) for limit in (low, high))
        low, high = (min(max(limit, int(info.min)), int(info.max)) for limit in (low, high))
        return math.ceil(low), math.floor(high)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value = values[x.name]
        low, high = (value.dtype.type(limit) for limit in self.limits(y, rounding))
        return (np.where(value < low, low, np.where(value > high, high, value)),)

    def real(self, x: Array) -> Array:
        raise TypeError("limits are those of a tensor")
