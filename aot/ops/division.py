"""DIV, FLOOR_DIV and FLOOR_MOD, with broadcasting. An integer divided by 0, at which TensorFlow Lite stops, gives 0."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Scheme, Tensor
from aot.ops.binary import Binary
from aot.ops.common import Activation, require
from aot.ops.reals import clamp_real


@dataclass(frozen=True, kw_only=True)
class Div(Binary):
    """y = activation(a / b); infinities become the largest finite numbers, integers lose their fraction."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int32")
    activation: Activation = Activation.NONE

    def fused(self) -> Activation:
        return self.activation

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            quotient = np.floor_divide(a, b)
            return np.asarray(quotient + ((np.remainder(a, b) != 0) & ((a < 0) != (b < 0))), a.dtype)
        return clamp_real(a / b, Activation.NONE)


@dataclass(frozen=True, kw_only=True)
class _Floored(Binary):
    """Types of 8 and 16 bits are bare integers: TensorFlow Lite looks at no scale here."""

    scheme: ClassVar[Scheme] = Scheme("float")
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32")

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        for tensor in (a, b, y):
            require(tensor.quant is None, f"%{tensor.name} is quantized; supported: float32 and plain integers")


@dataclass(frozen=True, kw_only=True)
class FloorDiv(_Floored):
    """y = the largest whole number that is not above a / b, of reals as double precision has it."""

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return np.floor_divide(a, b)
        return np.asarray(np.floor(a.astype(np.float64) / b.astype(np.float64)).astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class FloorMod(_Floored):
    """y = a - b * floor(a / b), exactly: it has the sign of b."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32", "int64")

    def combine(self, a: Array, b: Array) -> Array:
        if a.dtype != np.float32:
            return np.remainder(a, b)
        rest = np.fmod(a, b)
        return np.where((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest)
