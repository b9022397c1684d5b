"""DIV, FLOOR_DIV and FLOOR_MOD, with broadcasting. An integer divided by 0, at which TensorFlow Lite stops, gives 0."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, rounding_doubling_high
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.binary import Binary
from aot.ops.codes import in_reals
from aot.ops.common import QUANTIZED_TYPES, Activation, clamp, require, require_activation
from aot.ops.reals import clamp_real
from aot.ops.softmax import reciprocal
from aot.ops.unary import require_codes


@dataclass(frozen=True, kw_only=True)
class Div(Binary):
    """y = activation(a / b); infinities become the largest finite numbers, integers lose their fraction.

    Quantized: zero_y + (a - zero_a) / (b - zero_b) * scale_a / (scale_b * scale_y), by a fixed-point reciprocal.
    """

    scheme: ClassVar[Scheme] = Scheme("float")
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32")
    activation: Activation = Activation.NONE

    def fused(self) -> Activation:
        return self.activation

    def plain(self, a: Tensor, b: Tensor, y: Tensor) -> bool:
        return y.dtype not in QUANTIZED_TYPES

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        require_activation(self.activation, y)
        largest = 2**23 if y.dtype == "int8" else 2**15  # so that nothing is shifted to the left
        require(quotient_scale(a, b, y) < largest, f"%{y.name} has a scale that is too small for the operands'")

    @in_reals
    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        if self.plain(a, b, y):
            return super().evaluate(graph, values, rounding)
        dividend, divisor = (values[t.name].astype(np.int64) - t.zero_point for t in (a, b))
        scale = Multiplier.of(quotient_scale(a, b, y), rounding)
        return (clamp(_quotient(dividend, divisor, scale, rounding) + y.zero_point, self.activation, y),)

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            quotient = np.floor_divide(a, b)
            return np.asarray(quotient + ((np.remainder(a, b) != 0) & ((a < 0) != (b < 0))), a.dtype)
        return clamp_real(a / b, Activation.NONE)


def quotient_scale(a: Tensor, b: Tensor, y: Tensor) -> float:
    """The real scale of a quotient of codes: float32 in TensorFlow Lite."""
    return float(np.float32(a.scale) / (np.float32(b.scale) * np.float32(y.scale)))


def _quotient(dividend: Array, divisor: Array, scale: Multiplier, rounding: str) -> Array:
    """dividend / divisor * scale; 0 where the divisor is."""
    x, y = np.where(divisor < 0, -dividend, dividend), np.maximum(np.abs(divisor), 1)
    bits = _bit_length(y)
    inverse = reciprocal((y << 32 - bits) - (1 << 31))
    headroom = np.where(x > 0, 31 - _bit_length(x), 32 - _bit_length(np.maximum(-2 * x - 1, 1)))
    share = rounding_doubling_high(x << headroom, inverse)
    shift = bits - 1 + headroom - scale.shift  # to the right; beyond 31 nothing is left of it
    scaled = requantize(share, Multiplier(scale.multiplier, -np.minimum(shift, 31)), rounding)
    return np.asarray(np.where((shift > 31) | (divisor == 0), 0, scaled))


def _bit_length(x: Array) -> Array:
    return np.asarray(np.frexp(x.astype(np.float64))[1].astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class _Floored(Binary):
    """Types of 8 and 16 bits are bare integers: TensorFlow Lite looks at no scale here."""

    scheme: ClassVar[Scheme] = Scheme("float")
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32")

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        for tensor in (a, b, y):
            require(tensor.quant is None, f"%{tensor.name} is quantized; supported: float32 and plain integers")


@dataclass(frozen=True, kw_only=True)
class FloorDiv(_Floored):
    """y = the largest whole number that is not above a / b, of reals as double precision has it."""

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return np.floor_divide(a, b)
        return np.asarray(np.floor(a.astype(np.float64) / b.astype(np.float64)).astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class FloorMod(_Floored):
    """y = a - b * floor(a / b), exactly: it has the sign of b."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32", "int64")

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return np.remainder(a, b)
        rest = np.fmod(a, b)
        return np.where((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest)
