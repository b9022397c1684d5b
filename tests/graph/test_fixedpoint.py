"""fixedpoint.py against definitions in Python's unbounded integers and exact fractions."""

from fractions import Fraction

import numpy as np
from exact import fixed_point, round_once
from hypothesis import assume, given
from hypothesis import strategies as st

from aot.graph.fixedpoint import (
    Multiplier,
    quantize_multiplier,
    requantize,
    requantize_float,
    round_half_away,
    rounding_doubling_high,
    rounding_shift_right,
)

INT32 = st.integers(-(2**31), 2**31 - 1)
SCALES = st.one_of(
    st.floats(2**-40, 2**20, allow_subnormal=False),
    st.integers(-45, 25).map(lambda exponent: 2.0**exponent),
    st.integers(-33, 20).map(lambda exponent: float(np.nextafter(2.0**exponent, 0))),
)


def half_away(x: Fraction) -> int:
    """The nearest integer, ties away from zero."""
    return (abs(x) + Fraction(1, 2)).__floor__() * (1 if x >= 0 else -1)


def round_twice(acc: int, multiplier: int, shift: int) -> int:
    """The doubling high multiply, ties upwards; then the shift, ties away from zero."""
    high = (Fraction(acc * 2 ** max(shift, 0) * multiplier, 2**31) + Fraction(1, 2)).__floor__()
    return half_away(Fraction(high, 2 ** max(-shift, 0)))


@given(st.floats(-1e9, 1e9))
def test_round_half_away(x: float) -> None:
    if abs(x) < 2**51:  # above, x + 0.5 is not exact, and scales are never so large
        assume(abs(x) != 0.49999999999999994)  # C's round() corrects for this one value; a scale's fraction is >= 0.5
        assert round_half_away(x) == half_away(Fraction(x))


@given(SCALES)
def test_quantize_multiplier(scale: float) -> None:
    assert quantize_multiplier(scale) == fixed_point(scale)
    multiplier, shift = quantize_multiplier(scale)
    if multiplier:
        assert 2**30 <= multiplier < 2**31
        assert abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) / Fraction(scale) - 1) <= Fraction(1, 2**31)


def test_quantize_multiplier_at_the_ends() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(2.0**-33) == (0, 0)
    assert quantize_multiplier(2.0**-32) == (2**30, -31)
    assert quantize_multiplier(float(np.nextafter(1, 0))) == (2**30, 1)
    assert quantize_multiplier(2.0**31, "double") == (2**30, 32)
    assert quantize_multiplier(2.0**31, "single") == (2**31 - 1, 30)


@given(INT32, st.integers(0, 2**31 - 1))
def test_rounding_doubling_high(a: int, b: int) -> None:
    expected = (Fraction(a * b, 2**31) + Fraction(1, 2)).__floor__()
    assert rounding_doubling_high(np.array(a), np.array(b)) == expected


def test_rounding_doubling_high_saturates() -> None:
    lowest = np.array(-(2**31))
    assert rounding_doubling_high(lowest, lowest) == 2**31 - 1


@given(INT32, st.integers(0, 31))
def test_rounding_shift_right(x: int, shift: int) -> None:
    assert rounding_shift_right(np.array(x), shift) == half_away(Fraction(x, 2**shift))


@given(st.lists(INT32, min_size=1, max_size=20), SCALES)
def test_requantize_double(accs: list[int], scale: float) -> None:
    multiplier, shift = quantize_multiplier(scale)
    inside = [acc for acc in accs if -(2**31) <= acc * 2 ** max(shift, 0) < 2**31]
    expected = [round_twice(acc, multiplier, shift) for acc in inside]
    for rounding in ("double", "float"):
        assert requantize(np.array(inside, np.int64), Multiplier.of(scale), rounding).tolist() == expected


@given(st.lists(INT32, min_size=1, max_size=20), SCALES)
def test_requantize_single(accs: list[int], scale: float) -> None:
    expected = [round_once(acc, *quantize_multiplier(scale, "single")) for acc in accs]
    assert requantize(np.array(accs, np.int64), Multiplier.of(scale, "single"), "single").tolist() == expected


@given(st.lists(st.integers(-(2**20), 2**20), min_size=3, max_size=3), st.lists(SCALES, min_size=3, max_size=3))
def test_a_scale_for_each_channel(accs: list[int], scales: list[float]) -> None:
    together = requantize(np.array([accs] * 2), Multiplier.of(np.array(scales)), "single")
    alone = [int(requantize(np.array([a]), Multiplier.of(s), "single")[0]) for a, s in zip(accs, scales, strict=True)]
    assert together.tolist() == [alone, alone]


@given(INT32, st.floats(2**-40, 2**8, width=32))
def test_requantize_float(acc: int, scale: float) -> None:
    product = np.float32(np.float32(acc) * np.float32(scale))
    assert requantize_float(np.array([acc]), np.array([scale]))[0] == round(Fraction(float(product)))
