"""EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, with broadcasting."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.binary import NUMBERS
from aot.ops.common import require, require_per_tensor, require_same_quant
from aot.ops.scaled_binary import ScaledBinary, Scaling
from aot.ops.unary import require_codes

_BITS = 8


@dataclass(frozen=True, kw_only=True)
class Comparison(ScaledBinary):
    """Whether two numbers are so. `scaled` types are compared in multiples of 1/256, rounded; others code by code.

    That is TensorFlow Lite's way: for int16 of two scales most of them have no answer.
    """

    types: ClassVar[tuple[str, ...]] = (*NUMBERS, "int8", "int16")
    result: ClassVar[str | None] = "bool"
    scaled: ClassVar[tuple[str, ...]] = ("int8",)

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        if self.scaling(a, b, y) is None:
            require_same_quant(a, b)
            require_per_tensor(a)
            return
        require_codes(a, b)
        for tensor in (a, b):
            require(tensor.scale < 1, f"%{tensor.name} has scale {tensor.scale:g}; supported: below 1")

    def scaling(self, a: Tensor, b: Tensor, y: Tensor) -> Scaling | None:
        plain = a.dtype not in self.scaled or a.quant is None or b.quant is None
        return None if plain else Scaling(_BITS, a.scale, b.scale)


@dataclass(frozen=True, kw_only=True)
class Equal(Comparison):
    """Whether a == b."""

    types: ClassVar[tuple[str, ...]] = (*Comparison.types, "bool")
    scaled: ClassVar[tuple[str, ...]] = ("int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.equal(a, b)


@dataclass(frozen=True, kw_only=True)
class NotEqual(Comparison):
    """Whether a != b."""

    types: ClassVar[tuple[str, ...]] = (*Comparison.types, "bool")
    scaled: ClassVar[tuple[str, ...]] = ("int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.not_equal(a, b)


@dataclass(frozen=True, kw_only=True)
class Greater(Comparison):
    """Whether a > b."""

    def combine(self, a: Array, b: Array) -> Array:
        return np.greater(a, b)


@dataclass(frozen=True, kw_only=True)
class GreaterEqual(Comparison):
    """Whether a >= b."""

    def combine(self, a: Array, b: Array) -> Array:
        return np.greater_equal(a, b)


@dataclass(frozen=True, kw_only=True)
class Less(Comparison):
    """Whether a < b."""

    def combine(self, a: Array, b: Array) -> Array:
        return np.less(a, b)


@dataclass(frozen=True, kw_only=True)
class LessEqual(Comparison):
    """Whether a <= b."""

    def combine(self, a: Array, b: Array) -> Array:
        return np.less_equal(a, b)
