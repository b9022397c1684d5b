"""LOGISTIC and TANH: float32, tables for int8, and TensorFlow Lite's interpolated table of the sigmoid for int16."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Scheme, Tensor
from aot.ops.common import fixed_scheme, near_power_of_two, require, require_fixed
from aot.ops.reals import sigmoid_real, tanh_real
from aot.ops.unary import Tabulated

_FINEST = 1 / 32768  # the only scale of an int16 output
_EVEN: dict[int | None, int] = {-12: 3, -11: 6}  # multipliers of the scales 2**-12 and 2**-11, which need no shift
_SATURATED = 255  # from this entry on, the result is the largest
_UPPER, _LOWER = np.float32(16.619047164916992188), np.float32(-9.0)  # beyond them float32 sees 1 and exp(x)


def sigmoid_table() -> Array:
    """The sigmoid of i / 24 with 16 bits of fraction, less half the error of a straight line midway to the next entry.

    TensorFlow Lite's table, in which the last entry is all ones.
    """
    at = 65536 / (1 + np.exp(-np.arange(513) / 48))
    error = (at[:-2:2] + at[2::2]) / 2 - at[1::2]
    return np.asarray(np.append(np.floor(at[:-2:2] - error / 2 + 0.5)[:255], 65535).astype(np.uint16))


@dataclass(frozen=True, kw_only=True)
class Logistic(Tabulated):
    """y = 1 / (1 + exp(-x)), with y in 1/32768 for int16; TensorFlow Lite has it in 1/256 above -128 for int8."""

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(1 / 256, -128), int16=(1 / 32768, 0))
    float_ulps: ClassVar[int] = 4

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        if y.dtype == "int16":
            require_fixed(y, _FINEST, 0)
            require(x.scale < 2, f"%{x.name} has scale {x.scale:g}; supported: below 2")

    def real(self, x: Array) -> Array:
        power = np.exp(-x.astype(np.float64)).astype(np.float32)
        middle = np.float32(1) / (np.float32(1) + power)
        below = np.exp(x.astype(np.float64)).astype(np.float32)
        return np.where(x > _UPPER, np.float32(1), np.where(x < _LOWER, below, middle))

    def everywhere(self, x: Array) -> Array:
        return sigmoid_real(x)

    def table(self, real: Array, y: Tensor) -> Array:
        return np.float32(1) / (np.float32(1) + np.exp(-real.astype(np.float64)).astype(np.float32))

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        if y.dtype == "int8":
            return super().codes(q, x, y, rounding)
        return sigmoid_codes(q, input_scaling(x))


@dataclass(frozen=True, kw_only=True)
class Tanh(Tabulated):
    """y = tanh(x), in 1/32768 for int16."""

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(1 / 128, 0), int16=(1 / 32768, 0))
    float_ulps: ClassVar[int] = 2

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        if y.dtype == "int16":
            near = near_power_of_two(y.scale) == -15
            require(near, f"%{y.name} must have scale 1/32768; it has {y.quant}")
            require(x.scale < 2, f"%{x.name} has scale {x.scale:g}; supported: below 2")

    def real(self, x: Array) -> Array:
        return np.asarray(np.tanh(x.astype(np.float64)).astype(np.float32))

    def everywhere(self, x: Array) -> Array:
        return tanh_real(x)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        if y.dtype == "int8":
            return super().codes(q, x, y, rounding)
        return tanh_codes(q, input_scaling(x))


def input_scaling(x: Tensor) -> tuple[int, int]:
    """Multiplier and right shift that bring int16 codes to 1/12288, the table's unit."""
    if (even := _EVEN.get(near_power_of_two(x.scale))) is not None:
        return even, 0
    multiplier, shift = x.scale * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def sigmoid_codes(q: Array, scaling: tuple[int, int]) -> Array:
    """The sigmoid, in 1/32768, of int16 codes that `scaling` brings to the table's unit."""
    scaled, magnitude = _sigmoid_s16(q, scaling, 9, 0x7FFF << 10)
    result = np.where(scaled >= 0, magnitude + (1 << 9), (1 << 25) - magnitude + (1 << 9) - 1)
    return np.asarray((result >> 10).astype(np.int16))


def tanh_codes(q: Array, scaling: tuple[int, int]) -> Array:
    """The hyperbolic tangent, 2 * sigmoid(2 * x) - 1, in 1/32768."""
    scaled, magnitude = _sigmoid_s16(q, scaling, 8, 0xFFFF << 8)
    centred = magnitude - (1 << 23)
    result = np.where(scaled >= 0, centred + (1 << 7), -centred + (1 << 7) - 1)
    return np.asarray((result >> 8).astype(np.int16))


def _sigmoid_s16(q: Array, scaling: tuple[int, int], fraction: int, largest: int) -> tuple[Array, Array]:
    """The scaled codes, and the sigmoid of their magnitude with 16 + `fraction` bits, of which entries take none."""
    multiplier, shift = scaling
    scaled = (q.astype(np.int64) * multiplier + ((1 << shift) >> 1)) >> shift
    table = sigmoid_table().astype(np.int64)
    index = np.abs(scaled) >> fraction
    at = np.minimum(index, _SATURATED - 1)
    rest = np.abs(scaled) & ((1 << fraction) - 1)
    between = (table[at] << fraction) + rest * (table[at + 1] - table[at])
    return scaled, np.where(index >= _SATURATED, largest, between)
