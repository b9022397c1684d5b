"""int8 rounding, in one place: scale -> (multiplier, shift), and the ways to round `accumulator * scale`.

The formulas are those of TensorFlow Lite's quantization: a real scale becomes `multiplier * 2**(shift - 31)` with a
31-bit multiplier; a positive shift is to the left. `Rounding` names how the product becomes an integer again:

- double: a saturating rounding doubling high multiply, then a rounding right shift with ties away from zero;
- single: one 64-bit product and one rounding right shift, ties upwards;
- float:  a float32 product rounded to nearest even (convolution and dense layers; `double` for all else);
- onnx:   the same, and all other operators compute in float32 (`aot/ops/codes.py`).

Layers of int16 have ways of their own beside these: `requantize_wide`, and in `float` `requantize_real` and
`requantize_upwards`.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Rounding = Literal["double", "single", "float", "onnx"]
ROUNDINGS: tuple[Rounding, ...] = ("double", "single", "float", "onnx")
INTEGER_ROUNDINGS = ("double", "single", "float")  # in which operators without weights compute with integers
PRODUCT_ROUNDINGS = ("float", "onnx")  # in which sums of weighted inputs are multiplied by a float32 scale


def round_half_away(x: float) -> int:
    """C's `round`: to the nearest integer, ties away from zero."""
    return math.floor(x + 0.5) if x >= 0 else math.ceil(x - 0.5)


def quantize_multiplier(scale: float, rounding: str = "double") -> tuple[int, int]:
    """The (multiplier, shift) with `scale ~ multiplier * 2**(shift - 31)`; (0, 0) when the scale is too small.

    TensorFlow Lite's QuantizeMultiplier, in both its double and its single rounding variants.
    """
    if scale == 0:
        return 0, 0
    fraction, shift = math.frexp(scale)
    multiplier = round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    if shift < -31:
        return 0, 0
    if rounding == "single" and shift > 30:
        return (1 << 31) - 1, 30
    return multiplier, shift


@dataclass(frozen=True)
class Multiplier:
    """Fixed-point scales, one or one per channel: `multiplier * 2**(shift - 31)`; int64 arrays that broadcast."""

    multiplier: Array
    shift: Array

    @staticmethod
    def of(scales: Array | float, rounding: str = "double") -> "Multiplier":
        pairs = [quantize_multiplier(float(s), rounding) for s in np.atleast_1d(scales)]
        return Multiplier(np.array([m for m, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64))


def rounding_doubling_high(a: Array, b: Array | int) -> Array:
    """(a * b * 2) >> 32 rounded to nearest, ties upwards; saturates where both are the lowest int32."""
    product: Array = (a.astype(np.int64) * b + (1 << 30)) >> 31
    return np.asarray(np.minimum(product, (1 << 31) - 1))


def rounding_shift_right(x: Array, shift: Array | int) -> Array:
    """x / 2**shift rounded to nearest, ties away from zero."""
    shift = np.asarray(shift, np.int64)
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    return np.asarray(np.where(x >= 0, (x + half) >> shift, -((-x + half) >> shift)))


def requantize(acc: Array, scale: Multiplier, rounding: str) -> Array:
    """`acc * scale` as an integer, rounded as `rounding` says (`float` counts as `double` here).

    `acc`, and `acc` after the left shift of a scale above 1, must fit 32 bits: the operators' checks see to it.
    """
    acc = acc.astype(np.int64)
    if rounding == "single":
        total = 31 - scale.shift
        return np.asarray((acc * scale.multiplier + (np.int64(1) << (total - 1))) >> total)
    left, right = np.maximum(scale.shift, 0), np.maximum(-scale.shift, 0)
    return rounding_shift_right(rounding_doubling_high(acc << left, scale.multiplier), right)


def reduced_multiplier(scale: Multiplier) -> tuple[Array, Array]:
    """`scale` with 15 bits: (multiplier, right shift), so that products with accumulators of 47 bits fit 64."""
    return np.minimum((scale.multiplier + (1 << 15)) >> 16, (1 << 15) - 1), 15 - scale.shift


def requantize_wide(acc: Array, scale: Multiplier) -> Array:
    """`acc * scale` with a 15-bit multiplier, rounded once, ties upwards: what 64-bit accumulators get everywhere."""
    multiplier, shift = reduced_multiplier(scale)
    return np.asarray((acc.astype(np.int64) * multiplier + (np.int64(1) << (shift - 1))) >> shift)


def requantize_real(acc: Array, scale: Array) -> Array:
    """`acc * scale` with a float64 product, ties away from zero: LiteRT's dense layers of int16 with 64-bit biases."""
    product = acc.astype(np.float64) * scale
    whole = np.trunc(product)
    rest = product - whole
    return np.asarray((whole + (rest >= 0.5) - (rest <= -0.5)).astype(np.int64))


def requantize_upwards(acc: Array, scale: Multiplier) -> Array:
    """`acc * scale` rounded twice as in `double`, but its second ties upwards: LiteRT's other dense layers of int16."""
    left, right = np.maximum(scale.shift, 0), np.maximum(-scale.shift, 0)
    high = rounding_doubling_high(acc.astype(np.int64) << left, scale.multiplier)
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    return np.asarray((high + half) >> right)


def requantize_float(acc: Array, scale: Array) -> Array:
    """`acc * scale` with a float32 product, rounded to nearest even."""
    return np.asarray(np.rint(acc.astype(np.float32) * scale.astype(np.float32)).astype(np.int64))
