"""Sigmoid and hyperbolic tangent of 16-bit fixed-point numbers, as gemmlowp has them: the gates of int8 LSTMs.

A number with n integer bits is raw * 2**(n - 15). Every product is rounded to 16 bits, ties upwards.
"""

import numpy as np

from aot.graph.fixedpoint import Array, rounding_shift_right

_LOWEST, _HIGHEST = -(2**15), 2**15 - 1
ONE_EIGHTH, ONE_THIRD, EXP_MINUS_EIGHTH = 1 << 12, 10923, 28918  # without integer bits
# exp(-2**e) for e = -2, -1, ... 4, without integer bits.
EXP_POWERS = (25520, 19875, 12055, 4435, 600, 11, 0)
RECIPROCAL_START, RECIPROCAL_SLOPE = 23130, -15420  # 48/17 and -32/17, with two integer bits


def _saturated(x: Array) -> Array:
    return np.clip(x, _LOWEST, _HIGHEST)


def _times(a: Array, b: Array | int) -> Array:
    """The product of two numbers: its integer bits are the sum of theirs."""
    return _saturated(np.asarray(a * b + (1 << 14), np.int64) >> 15)


def _exp_of_interval(a: Array) -> Array:
    """exp(a) for -1/4 <= a < 0, without integer bits: a polynomial around -1/8."""
    x = a + ONE_EIGHTH
    x2 = _times(x, x)
    x4_over_4 = rounding_shift_right(_times(x2, x2), 2)
    higher = rounding_shift_right(_times(x4_over_4 + _times(x2, x), ONE_THIRD) + x2, 1)
    return _saturated(EXP_MINUS_EIGHTH + _times(x + higher, EXP_MINUS_EIGHTH))


def _exp_of_negative(a: Array, integer_bits: int) -> Array:
    """exp(a) for a <= 0, without integer bits."""
    fraction_bits = 15 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (a & (quarter - 1)) - quarter
    result = _exp_of_interval(_saturated(rest << integer_bits))
    whole = rest - a
    for exponent, power in zip(range(-2, integer_bits), EXP_POWERS, strict=False):
        taken = (whole >> (fraction_bits + exponent)) & 1
        result = np.where(taken, _times(result, power), result)
    result = np.where(a < -(32 << fraction_bits), 0, result)
    return np.where(a == 0, _HIGHEST, result)


def _reciprocal(a: Array) -> Array:
    """2 / (1 + a) for 0 <= a < 1, with two integer bits: Newton-Raphson."""
    half = (a + _HIGHEST + 1) >> 1
    x = RECIPROCAL_START + _times(half, RECIPROCAL_SLOPE)
    for _ in range(3):
        error = (1 << 13) - _times(half, x)
        x = x + _saturated(_times(x, error) << 2)
    return x


def sigmoid_q(x: Array) -> Array:
    """1 / (1 + exp(-x)) of int16 with three integer bits, without any."""
    wide = x.astype(np.int64)
    above = _saturated(_reciprocal(_exp_of_negative(-np.abs(wide), 3)) << 1)
    result = np.where(wide > 0, above, np.where(wide < 0, _HIGHEST - above, 1 << 14))
    return np.asarray(result.astype(np.int16))


def tanh_q(x: Array, integer_bits: int) -> Array:
    """tanh(x) of int16, without integer bits."""
    wide = x.astype(np.int64)
    negative = _exp_of_negative(np.maximum(-np.abs(wide), _LOWEST), integer_bits + 1)
    magnitude = _saturated((_reciprocal(negative) - (1 << 13)) << 2)
    return np.asarray(np.where(wide == 0, 0, np.where(wide < 0, -magnitude, magnitude)).astype(np.int16))
