"""C text of the elements of arrays, thousands at a time: a model has millions of them."""

import re
from collections.abc import Callable, Iterator
from math import isfinite
from weakref import finalize

import numpy as np

from aot.emit.ctext import float_literal, int_literal
from aot.graph.ir import Array

_WIDTH = 112
_LARGE = 1 << 14  # elements of an array that is slow to print
_LINES = 1 << 12  # that are put together at once
_BODIES: dict[int, str] = {}
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_EXPONENTS = np.array([f"p{biased - 127:+d}f" for biased in range(256)], "S6")


def array_body(data: Array) -> str:
    """The elements of an array, wrapped and indented, without braces.

    A large one is written once as long as it lives: a model is printed for its hash, and again for its files.
    """
    if data.size < _LARGE:
        return _body(data)
    key = id(data)
    if key not in _BODIES:
        _BODIES[key] = _body(data)
        finalize(data, _BODIES.pop, key, None)
    return _BODIES[key]


def _body(data: Array) -> str:
    words = _words(data.ravel())
    per_line = max(1, _WIDTH // (int(np.char.str_len(words).max()) + 2))
    return "".join(_lines(words, per_line)).rstrip()


def _lines(words: Array, per_line: int) -> Iterator[str]:
    """Lines of `per_line` words, some thousands at once: columns of characters, of which those that are 0 fall away."""
    end = np.frombuffer(b",\n    ", np.uint8)
    yield "    "
    for start in range(0, words.size, per_line * _LINES):
        some = words[start : start + per_line * _LINES]
        text = np.zeros((some.size, words.itemsize + end.size), np.uint8)
        text[:, : words.itemsize] = _characters(some)
        text[:, words.itemsize :][:, :2] = tuple(b", ")
        text[per_line - 1 :: per_line, words.itemsize :] = end
        yield text[text != 0].tobytes().decode()


def _words(values: Array) -> Array:
    """Each value as bytes."""
    match values.dtype.name:
        case "float32":
            return _floats(values)
        case "float64":
            return np.array([hexadecimal(v) for v in values.tolist()], np.bytes_)
        case _:
            return _each_once(values, int_literal)


def _each_once(values: Array, literal: Callable[[int], str]) -> Array:
    """What `literal` says of integers; a value that occurs often is only asked for once."""
    distinct, positions = np.unique(values, return_inverse=True)
    return np.array([literal(v) for v in distinct.tolist()], np.bytes_)[positions]


def _floats(values: Array) -> Array:
    """float32 in hexadecimal, whose value C99 defines to the bit; of a decimal number it may be the float beside it.

    Column by column: sign, 0x1, six digits of what is left of the mantissa up to the last that is not 0, exponent.
    """
    bits = np.ascontiguousarray(values).view(np.uint32)
    rest = bits[:, None] << np.arange(9, 33, 4, dtype=np.uint32)
    exponents = bits >> 23 & 255
    text = np.zeros((bits.size, 11 + _EXPONENTS.itemsize), np.uint8)
    text[:, 0] = np.where(bits >> 31, ord("-"), 0)
    text[:, 1:4] = tuple(b"0x1")
    text[:, 4] = np.where(rest[:, 0], ord("."), 0)
    text[:, 5:11] = np.where(rest, _DIGITS[rest >> 28], 0)
    text[:, 11:] = _characters(_EXPONENTS[exponents])
    words = text.view(f"S{text.shape[1]}").ravel()
    others = (exponents == 0) | (exponents == 255)
    if others.any():
        words[others] = _each_once(bits[others], _without_leading_one)
    return words


def _without_leading_one(bits: int) -> str:
    """0, a denormal number, or what is not finite."""
    value = np.uint32(bits).view(np.float32).item()
    return f"{hexadecimal(value)}f" if value and isfinite(value) else float_literal(value)


def hexadecimal(value: float) -> str:
    """A finite number in C's hexadecimal form, without zeros at its end."""
    return re.sub(r"\.?0*p", "p", value.hex())


def _characters(words: Array) -> Array:
    """[words, width], 0 behind the end of each."""
    return np.ascontiguousarray(words).view(np.uint8).reshape(words.size, words.itemsize)
