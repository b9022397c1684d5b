"""ABS and LEAKY_RELU: one slope below zero, another above. float32, int8 and int16; ABS also int32."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Tensor
from aot.ops.common import float_ratio, require, require_ratio
from aot.ops.unary import Unary


@dataclass(frozen=True, kw_only=True)
class _TwoSlopes(Unary):
    def magnitude(self, q: Array) -> Array:
        """What is scaled: codes less their zero point."""
        return q

    @abstractmethod
    def slopes(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        """The real scales below zero, and from there on."""

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require_ratio(x, y)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        value = self.magnitude(q.astype(np.int64) - x.zero_point)
        below, above = (Multiplier.of(s, rounding) for s in self.slopes(x, y))
        scaled = np.where(value < 0, requantize(value, below, rounding), requantize(value, above, rounding))
        info = np.iinfo(y.dtype)
        return np.asarray(np.clip(scaled + y.zero_point, info.min, info.max).astype(y.dtype))


@dataclass(frozen=True, kw_only=True)
class Abs(_TwoSlopes):
    """x without its sign; quantized, it may change scale and zero point."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32")

    def real(self, x: Array) -> Array:
        return np.abs(x)

    def magnitude(self, q: Array) -> Array:
        return np.abs(q)

    def slopes(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        return float_ratio(x, y), float_ratio(x, y)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        if x.scale != y.scale:
            return super().codes(q, x, y, rounding)
        info = np.iinfo(y.dtype)  # equal scales: TensorFlow Lite does not multiply, which would not be exact
        value = np.abs(q.astype(np.int64) - x.zero_point) + y.zero_point
        return np.asarray(np.clip(value, info.min, info.max).astype(y.dtype))


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(_TwoSlopes):
    """x where that is not negative, alpha * x elsewhere."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16")
    alpha: float

    def real(self, x: Array) -> Array:
        return np.where(x > 0, x, x * np.float32(self.alpha))

    def slopes(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        below = np.float32(x.scale) * np.float32(self.alpha) / np.float32(y.scale)
        return float(below), float_ratio(x, y)

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        super().check_codes(x, y)
        require(0 <= self.alpha <= 1, f"alpha {self.alpha:g}; supported for {y.dtype}: 0 to 1")
