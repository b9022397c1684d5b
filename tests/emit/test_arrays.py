"""Elements of arrays as C text: read back they are the same to the bit, and millions are written at once."""

import re
import sys
from collections.abc import Callable
from types import FrameType

import numpy as np
import pytest

from aot.emit.arrays import array_body
from aot.graph.ir import Array

_MANY = 150_000
_NAMES = {"NAN": np.nan, "INFINITY": np.inf, "-INFINITY": -np.inf, "INT32_MIN": -(2**31), "INT64_MIN": -(2**63)}
_EDGES = np.array([0x0, 0x1, 0x7FFFFF, 0x800000, 0x3F800000, 0x3F800001, 0x7F7FFFFF, 0x7F800000], np.uint32)


def _value(word: str) -> float:
    if word in _NAMES:
        return _NAMES[word]
    return float.fromhex(word.removesuffix("f")) if "x" in word or "f" in word else int(word)


def _read(body: str, dtype: str) -> Array:
    return np.array([_value(word) for word in re.findall(r"[^\s,]+", body)], dtype)


def _reals(count: int) -> Array:
    """Of every exponent and both signs, and those at the edges."""
    bits = np.random.default_rng(0).integers(0, 1 << 31, count, dtype=np.uint32)
    numbers = np.concatenate([_EDGES, bits])
    return np.concatenate([numbers, numbers | np.uint32(1 << 31)]).view(np.float32)


def test_float32_reads_back_to_the_bit() -> None:
    values = _reals(30_000)
    read = _read(array_body(values), "float32")
    known = ~np.isnan(values)
    assert (read[known].view(np.uint32) == values[known].view(np.uint32)).all()
    assert np.isnan(read[~known]).all()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_integers_read_back(dtype: str) -> None:
    ends = np.iinfo(dtype)
    values = np.random.default_rng(1).integers(ends.min, ends.max, 20_000, dtype=dtype, endpoint=True)
    values[:2] = ends.min, ends.max
    assert (_read(array_body(values), dtype) == values).all()


def test_other_types() -> None:
    assert array_body(np.array([True, False])) == "    1, 0,"
    assert array_body(np.array([0.1, -0.0, 2.0])) == "    0x1.999999999999ap-4, -0x0p+0, 0x1p+1,"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "0x1p+0f"), (-1.5, "-0x1.8p+0f"), (0.1, "0x1.99999ap-4f"), (0.0, "0.0f"), (-0.0, "-0.0f"),
     (1e-45, "0x1p-149f"), (np.inf, "INFINITY")],
)  # fmt: skip
def test_forms_of_a_float(value: float, text: str) -> None:
    assert array_body(np.array([value], np.float32)) == f"    {text},"


def _line(count: int) -> str:
    return f"    {', '.join(['-100'] * count)},"


def test_lines_hold_as_many_as_fit() -> None:
    lines = array_body(np.full(60, -100, np.int8)).split("\n")
    assert lines == [_line(count) for count in (18, 18, 18, 6)]
    assert array_body(np.full(36, -100, np.int8)).split("\n") == [_line(18)] * 2


def _calls(act: Callable[[], object]) -> int:
    """How many functions of Python and of C `act` calls."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def test_no_work_in_python_for_each_element() -> None:
    """Weights of float32 and int8, many of them different, with zeros and denormal numbers among them."""
    drawn = np.random.default_rng(2).standard_normal(_MANY).astype(np.float32)
    drawn[::3], drawn[1::9] = 0, 1e-40
    for values in (drawn, (drawn * 40).astype(np.int8), (drawn * 9000).astype(np.int16) // 9):
        assert _calls(lambda values=values: array_body(values)) < _MANY // 10
