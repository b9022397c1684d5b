"""float32 arithmetic whose every step is rounded as C rounds it: interpreter and firmware agree to the last bit."""

from collections.abc import Iterable

import numpy as np

from aot.graph.fixedpoint import Array
from aot.ops.common import Activation

FLOAT_MAX = float(np.finfo(np.float32).max)


def real_range(activation: Activation) -> tuple[float, float]:
    """The reals that `activation` leaves possible; without one, infinities too become the largest numbers."""
    low, high = activation.value
    return -FLOAT_MAX if low is None else low, FLOAT_MAX if high is None else high


def clamp_real(values: Array, activation: Activation) -> Array:
    """float32 `values` limited by comparisons, which keep negative zeros and not-a-numbers as they are."""
    low, high = (np.float32(limit) for limit in real_range(activation))
    values = np.where(values < low, low, values)
    return np.where(high < values, high, values)


def sums_of_products(columns: Array, filters: Array) -> Array:
    """For each row of float32 `columns` and each of `filters`: products added one after the other, from zero up."""
    acc = np.zeros((len(columns), len(filters)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for column, weight in zip(columns.T, filters.T, strict=True):
            acc += column[:, None] * weight
    return acc


def total(terms: Iterable[Array], shape: tuple[int, ...], start: float = 0.0) -> Array:
    """float32 `terms` added one after the other to `start`."""
    acc = np.full(shape, start, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for term in terms:
            acc += term
    return acc


# exp(r) on -ln(2)/2 ... ln(2)/2 is 1 + r + r * r * p(r); these are Cephes' coefficients of p, the highest power first.
EXP_POLYNOMIAL = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
LOG2_E = 1.442695
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4  # their sum is ln(2); a small integer times the first is exact
EXP_LOWEST = -104.0  # below it exp() is nothing, even among the denormal numbers


def exp_of_negative(x: Array) -> Array:
    """exp(x) for float32 x <= 0, within 2 units in the last place: the steps of the prelude's `exp_f32`."""
    inside = np.where(x >= EXP_LOWEST, x, np.float32(0)).astype(np.float32)
    powers = np.floor(inside * np.float32(LOG2_E) + np.float32(0.5))
    rest = (inside - powers * np.float32(LN2_HIGH)) - powers * np.float32(LN2_LOW)
    p = np.full(x.shape, EXP_POLYNOMIAL[0], np.float32)
    for coefficient in EXP_POLYNOMIAL[1:]:
        p = p * rest + np.float32(coefficient)
    result = np.ldexp(p * (rest * rest) + rest + np.float32(1), powers.astype(np.int32))
    return np.where(x >= EXP_LOWEST, result, np.where(np.isnan(x), x, np.float32(0))).astype(np.float32)


def sigmoid_real(x: Array) -> Array:
    """1 / (1 + exp(-x)) in float32: the steps of the helper `sigmoid_f32`."""
    e = exp_of_negative(-np.abs(x))
    return np.asarray(np.where(x < 0, e, np.float32(1)) / (np.float32(1) + e))


# tanh(x) on -0.625 ... 0.625 is x + x * z * p(z) with z = x * x; these are Cephes' coefficients of p.
TANH_POLYNOMIAL = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
_TANH_SMALL = 0.625


def tanh_real(x: Array) -> Array:
    """The hyperbolic tangent in float32: the steps of the helper `tanh_f32`."""
    magnitude = np.abs(x)
    z = x * x
    p = np.full(x.shape, TANH_POLYNOMIAL[0], np.float32)
    for coefficient in TANH_POLYNOMIAL[1:]:
        p = p * z + np.float32(coefficient)
    e = exp_of_negative(np.float32(-2) * magnitude)
    large = (np.float32(1) - e) / (np.float32(1) + e)
    return np.asarray(np.where(magnitude < _TANH_SMALL, p * z * x + x, np.where(x < 0, -large, large)))
