"""Fixed-point rounding written a second time and as plainly as can be: Python integers and fractions."""

from fractions import Fraction

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import Activation


def fixed_point(scale: float) -> tuple[int, int]:
    """(multiplier, shift): scale ~ multiplier * 2**(shift - 31), the multiplier in [2**30, 2**31)."""
    fraction, shift = Fraction(scale), 0
    if fraction == 0:
        return 0, 0
    while fraction >= 1:
        fraction, shift = fraction / 2, shift + 1
    while fraction < Fraction(1, 2):
        fraction, shift = fraction * 2, shift - 1
    multiplier = (fraction * 2**31 + Fraction(1, 2)).__floor__()
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def round_once(acc: int, multiplier: int, shift: int) -> int:
    """acc * multiplier * 2**(shift - 31), rounded to nearest, ties upwards."""
    return (Fraction(acc * multiplier) * Fraction(2) ** (shift - 31) + Fraction(1, 2)).__floor__()


def round_twice(acc: int, multiplier: int, shift: int) -> int:
    """The same, rounded to the high half of the product first, ties upwards, then shifted, ties away from zero."""
    high = (Fraction(acc * multiplier) * Fraction(2) ** (max(shift, 0) - 31) + Fraction(1, 2)).__floor__()
    rest = Fraction(abs(high)) * Fraction(2) ** min(shift, 0)
    return (rest + Fraction(1, 2)).__floor__() * (1 if high >= 0 else -1)


def times(acc: Array, scales: list[float]) -> Array:
    """Each of `acc` times the scale of its channel, the last dimension."""
    pairs = [fixed_point(s) for s in scales]
    flat = acc.reshape(-1, acc.shape[-1] if acc.ndim else 1)
    rows = [[round_once(int(v), *pairs[i % len(pairs)]) for i, v in enumerate(row)] for row in flat]
    return np.array(rows, np.int64).reshape(acc.shape)


def finish(scaled: Array, y: Tensor, activation: Activation = Activation.NONE) -> Array:
    """Zero point, activation and the limits of the type."""
    low, high = activation.value
    info = np.iinfo(y.dtype)
    lowest = int(info.min) if low is None else max(int(info.min), y.zero_point + _code(low, y))
    highest = int(info.max) if high is None else min(int(info.max), y.zero_point + _code(high, y))
    limited = [min(max(int(v) + y.zero_point, lowest), highest) for v in scaled.reshape(-1)]
    return np.array(limited, y.dtype).reshape(y.shape)


def _code(real: float, y: Tensor) -> int:
    exact = Fraction(float(np.float32(real) / np.float32(y.scale)))
    return (abs(exact) + Fraction(1, 2)).__floor__() * (1 if real >= 0 else -1)
