"""SQRT and RSQRT: float32; int8 and int16 by TensorFlow Lite's formulas, int16 of RSQRT by an interpolated table."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, rounding_doubling_high
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.unary import Tabulated, Unary

_KEPT = 20  # bits of fraction between the two scalings of the int8 reciprocal root


@dataclass(frozen=True, kw_only=True)
class Sqrt(Unary):
    """The square root; quantized: in float32, rounded down, 0 for what is negative (TensorFlow Lite refuses to run)."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16")

    def real(self, x: Array) -> Array:
        return np.sqrt(x)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        real = np.float32(x.scale) * (q.astype(np.int32) - x.zero_point).astype(np.float32)
        root = np.sqrt(np.maximum(real, np.float32(0))) / np.float32(y.scale)
        info = np.iinfo(y.dtype)
        codes = np.trunc(root.astype(np.float64)) + y.zero_point
        return np.asarray(np.clip(codes, info.min, info.max).astype(y.dtype))


@dataclass(frozen=True, kw_only=True)
class Rsqrt(Tabulated):
    """1 / sqrt(x); the largest code where x is not positive (TensorFlow Lite refuses to run below 0)."""

    def real(self, x: Array) -> Array:
        return np.float32(1) / np.sqrt(x)

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require(1 / (x.scale**0.5 * y.scale) < 2**30, f"%{y.name} has scale {y.scale:g}, too small for %{x.name}")

    def table(self, real: Array, y: Tensor) -> Array:
        largest = np.float32(32767) * np.float32(y.scale)
        return np.where(real <= 0, largest, self.real(np.where(real <= 0, np.float32(1), real)))

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        if y.dtype == "int16":
            return super().codes(q, x, y, rounding)
        table = _rsqrt_s8(np.arange(-128, 128) - x.zero_point, x, y, rounding)
        return np.asarray(table[q.astype(np.int64) + 128])


def _rsqrt_s8(values: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
    roots = np.array([inverse_root(int(value)) for value in values], np.int64)
    data = requantize(np.ones_like(values), Multiplier(roots[:, 0], _KEPT - roots[:, 1]), rounding)
    scale = Multiplier.of(float(1 / (np.float64(np.sqrt(np.float32(x.scale)) * np.float32(y.scale)))), rounding)
    scaled = requantize(data, Multiplier(scale.multiplier, scale.shift - _KEPT), rounding)
    return np.where(values <= 0, 127, np.clip(scaled + y.zero_point, -128, 127)).astype(np.int8)


@lru_cache(maxsize=1024)  # every table of int8 asks for the same
def inverse_root(value: int) -> tuple[int, int]:
    """1 / sqrt(value) = multiplier * 2**(-31 - shift): five Newton-Raphson steps with 28 bits of fraction."""
    if value <= 1:
        return (1 << 31) - 1, 0
    fours = max((value.bit_length() - 28) // 2, 0)  # of the largest values the last bits do not count
    value >>= 2 * fours
    pairs = (31 - value.bit_length()) // 2 - 1
    shift, scaled = 11 + fours - pairs, value << 2 * pairs
    half = np.array((scaled >> 1) + 1 >> 1, np.int64)  # TensorFlow Lite rounds the half, ties away from zero
    three_halves = np.array((1 << 28) + (1 << 27), np.int64)
    x = np.array(1 << 28, np.int64)
    for _ in range(5):
        cube = rounding_doubling_high(rounding_doubling_high(x, x), x) << 6
        x = (rounding_doubling_high(three_halves, x) - rounding_doubling_high(half, cube)) << 3
    root = int(rounding_doubling_high(x, 1518500250))  # sqrt(1/2), with 31 bits of fraction
    return (root << -shift, 0) if shift < 0 else (root, shift)
