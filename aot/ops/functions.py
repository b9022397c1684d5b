"""Mathematical functions of one element: EXP, LOG, SIN, TANH, GELU, ... in float32; tables where they are quantized.

float32 results are those of double precision, rounded: what every good C library is within an ulp or two of.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import require, require_same_quant
from aot.ops.unary import Tabulated, Unary


def _wide(function: np.ufunc, x: Array) -> Array:
    """`function` in double precision, rounded to float32."""
    return np.asarray(function(x.astype(np.float64)).astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class Ceil(Unary):
    """The whole number that is not below x."""

    def real(self, x: Array) -> Array:
        return np.ceil(x)


@dataclass(frozen=True, kw_only=True)
class Cos(Unary):
    """The cosine of x."""

    float_ulps: ClassVar[int] = 1

    def real(self, x: Array) -> Array:
        return _wide(np.cos, x)


@dataclass(frozen=True, kw_only=True)
class Elu(Tabulated):
    """x where that is not negative, exp(x) - 1 elsewhere."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    float_ulps: ClassVar[int] = 2

    def real(self, x: Array) -> Array:
        return np.where(x < 0, _wide(np.expm1, x), x)


@dataclass(frozen=True, kw_only=True)
class Exp(Tabulated):
    """e to the power of x."""

    float_ulps: ClassVar[int] = 1

    def real(self, x: Array) -> Array:
        return _wide(np.exp, x)


@dataclass(frozen=True, kw_only=True)
class Floor(Unary):
    """The whole number that is not above x."""

    def real(self, x: Array) -> Array:
        return np.floor(x)


@dataclass(frozen=True, kw_only=True)
class Gelu(Tabulated):
    """x times the probability that a normally distributed number is below it; `approximate`: by tanh, not erfc."""

    approximate: bool = False
    float_ulps: ClassVar[int] = 64  # newlib's erfcf is 48 off where the result is 1e-28; nearer to 0, 3

    def real(self, x: Array) -> Array:
        if self.approximate:  # (1 + tanh(z)) / 2, without its cancellation for negative z
            return np.asarray(x / (np.float32(1) + _wide(np.exp, np.float32(-2) * _inner(x))))
        return np.asarray(np.float32(0.5) * x * _erfc(x * np.float32(-math.sqrt(0.5))))

    def table(self, real: Array, y: Tensor) -> Array:
        if self.approximate:
            return np.asarray(np.float32(0.5) * real * (np.float32(1) + _wide(np.tanh, _inner(real))))
        return self.real(real)


def _inner(x: Array) -> Array:
    """The argument of the hyperbolic tangent that approximates the error function."""
    return np.asarray(np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x))


def _erfc(x: Array) -> Array:
    values = [math.erfc(v) for v in x.ravel().tolist()]
    return np.array(values, np.float64).astype(np.float32).reshape(x.shape)


@dataclass(frozen=True, kw_only=True)
class Log(Tabulated):
    """The natural logarithm; in a table, the lowest code where x is not positive."""

    float_ulps: ClassVar[int] = 1

    def real(self, x: Array) -> Array:
        return _wide(np.log, x)

    def table(self, real: Array, y: Tensor) -> Array:
        lowest = np.float32(int(np.iinfo(y.dtype).min) - y.zero_point) * np.float32(y.scale)
        return np.where(real <= 0, lowest, self.real(np.maximum(real, np.float32(1e-45))))


@dataclass(frozen=True, kw_only=True)
class LogicalNot(Unary):
    """True where x is false."""

    types: ClassVar[tuple[str, ...]] = ("bool",)

    def real(self, x: Array) -> Array:
        return np.logical_not(x)


@dataclass(frozen=True, kw_only=True)
class Neg(Unary):
    """-x; of quantized integers, too, TensorFlow Lite negates the bare codes: right where both zero points are 0."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32", "int64")

    def real(self, x: Array) -> Array:
        return np.negative(x)

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require_same_quant(x, y)
        require(x.zero_point == 0, f"%{x.name} has zero point {x.zero_point}; supported: 0")

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        return np.negative(q)


@dataclass(frozen=True, kw_only=True)
class Round(Unary):
    """The nearest whole number, the even one of two."""

    def real(self, x: Array) -> Array:
        return np.rint(x)


@dataclass(frozen=True, kw_only=True)
class Sign(Unary):
    """-1, 0 or 1."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int32")

    def real(self, x: Array) -> Array:
        return np.where(x > 0, 1, np.where(x < 0, -1, 0)).astype(x.dtype)


@dataclass(frozen=True, kw_only=True)
class Sin(Unary):
    """The sine of x."""

    float_ulps: ClassVar[int] = 1

    def real(self, x: Array) -> Array:
        return _wide(np.sin, x)


@dataclass(frozen=True, kw_only=True)
class Square(Unary):
    """x times x."""

    def real(self, x: Array) -> Array:
        return x * x
