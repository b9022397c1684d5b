"""SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY, REDUCE_ALL over some axes; MEAN is in `mean.py`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, requantize_float, requantize_wide
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import (
    OWN_RANGES,
    QUANTIZED_TYPES,
    SHARED_RANGE,
    Activation,
    clamp,
    require,
    require_operands,
    require_quantized,
    require_ratio,
    require_same_quant,
    require_shape,
    require_types,
)
from aot.ops.operands import SingleInput
from aot.ops.reals import FLOAT_MAX, total

_STEPS = (2.0**-30, 2.0**7)  # the scales of a step that 15 bits and a right shift can stand for


@dataclass(frozen=True, kw_only=True)
class Reduction(SingleInput):
    """What all have in common: the axes."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = ()
    rescales: ClassVar[bool] = False  # whether quantized outputs may have another scale than the input

    axes: tuple[int, ...]
    keep_dims: bool = False

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *((t, t) for t in self.types))
        x, y = self.operands(graph)
        rank = len(x.shape)
        require(all(0 <= a < rank for a in self.axes), f"axes {self.axes} of an input with {rank} dimensions")
        require(len(self.axes) > 0, "no axes")
        require(len(set(self.axes)) == len(self.axes), f"axes {self.axes} are listed twice")
        require_shape(y, self._shape(x))
        if x.dtype in QUANTIZED_TYPES:
            self._check_quantized(x, y)

    def _check_quantized(self, x: Tensor, y: Tensor) -> None:
        if not self.rescales:
            require_same_quant(x, y)
            return
        require_quantized(x, y)
        bits = 23 if x.dtype == "int8" else 15
        require(self.count(x) < 2**bits, f"{self.count(x)} elements in each sum: it overflows 32 bits")
        require_ratio(x, y)

    def _shape(self, x: Tensor) -> tuple[int, ...]:
        kept = ((1 if axis in self.axes else size) for axis, size in enumerate(x.shape))
        if self.keep_dims:
            return tuple(kept)
        return tuple(size for axis, size in enumerate(x.shape) if axis not in self.axes)

    def count(self, x: Tensor) -> int:
        """How many elements become one."""
        return math.prod(x.shape[axis] for axis in self.axes)

    def columns(self, value: Array) -> Array:
        """[outputs, count]: the elements that become one, in the order of the input."""
        kept = [axis for axis in range(value.ndim) if axis not in self.axes]
        moved = value.transpose(*kept, *sorted(self.axes))
        return moved.reshape(math.prod(value.shape[axis] for axis in kept), -1)

    def start(self, x: Tensor) -> float:
        """What float32 sums begin with: where all elements become one, what leaves even a negative zero as it is."""
        return -0.0 if len(self.axes) == len(x.shape) else 0.0

    def sum_in_order(self, x: Tensor, value: Array) -> Array:
        """float32 sums, one addition after the other."""
        columns = self.columns(value)
        return total(columns.T, (len(columns),), self.start(x))


@dataclass(frozen=True, kw_only=True)
class Sum(Reduction):
    """y = the sum over the axes; integers wrap; quantized: zero_y + (sum of (x - zero_x)) * scale_x / scale_y."""

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32", "int64")
    rescales: ClassVar[bool] = True

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value = values[x.name]
        if x.dtype == "float32":
            return (self.sum_in_order(x, value).reshape(y.shape),)
        if x.dtype not in QUANTIZED_TYPES:
            return (self.columns(value).sum(axis=1, dtype=x.dtype).reshape(y.shape),)
        acc = self.columns(value).sum(axis=1, dtype=np.int64) - self.count(x) * x.zero_point
        if rounding == "onnx":
            scaled = requantize_float(acc, sum_scale_float(x, y))
        else:
            scaled = requantize(acc, Multiplier.of(x.scale / y.scale, rounding), rounding)
        return (clamp(scaled + y.zero_point, Activation.NONE, y).reshape(y.shape),)


def sum_scale_float(x: Tensor, y: Tensor) -> Array:
    """scale_x / scale_y in float32."""
    return np.asarray(np.float32(x.scale) / np.float32(y.scale))


@dataclass(frozen=True, kw_only=True)
class ReduceMax(Reduction):
    """y = the largest element over the axes; of float32 a finite one, as TensorFlow Lite has it, if not `infinite`."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")

    infinite: bool = False

    @property
    def farthest(self) -> float:
        """The magnitude of what float32 extremes begin with."""
        return math.inf if self.infinite else FLOAT_MAX

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        return (self._largest(graph, values[self.operands(graph)[0].name], 1),)

    def _largest(self, graph: Graph, value: Array, sign: int) -> Array:
        """The first of the largest elements; with sign -1, of the smallest: zeros keep their sign."""
        x, y = self.operands(graph)
        columns = self.columns(value)
        if x.dtype != "float32":
            return np.asarray((columns.max(axis=1) if sign > 0 else columns.min(axis=1)).reshape(y.shape))
        result = np.full(len(columns), -sign * self.farthest, np.float32)
        for column in columns.T:
            result = np.where(sign * column > sign * result, column, result)
        return result.reshape(y.shape)


@dataclass(frozen=True, kw_only=True)
class ReduceMin(ReduceMax):
    """y = the smallest element over the axes; finite as there."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        return (self._largest(graph, values[self.operands(graph)[0].name], -1),)


@dataclass(frozen=True, kw_only=True)
class ReduceProd(Reduction):
    """y = the product over the axes; integers wrap around; of n quantized elements, each has a scale of its own share.

    The product so far times (x - zero_x) is scaled, in every rounding by 15 bits, ties upwards; 32 bits saturate.
    """

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16", "int32", "int64")
    rescales: ClassVar[bool] = True

    def _check_quantized(self, x: Tensor, y: Tensor) -> None:
        require_quantized(x, y)
        for t in (x, y):
            require(t.dtype != "int16" or t.zero_point == 0, f"%{t.name} is int16 with a zero point; supported: 0")
        lowest, highest = _STEPS
        step = self.step(x, y)
        require(lowest < step < highest, f"each step scales by {step:g}; supported: {lowest:g} to {highest:g}")

    def step(self, x: Tensor, y: Tensor) -> float:
        """What each product, and the last one again, is scaled by."""
        return float(x.scale / np.power(np.float64(y.scale), 1.0 / self.count(x)))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        columns = self.columns(values[x.name])
        if x.dtype in QUANTIZED_TYPES:
            return (self._quantized(columns, x, y).reshape(y.shape),)
        result = np.ones(len(columns), x.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for column in columns.T:
                result *= column
        return (result.reshape(y.shape),)

    def _quantized(self, columns: Array, x: Tensor, y: Tensor) -> Array:
        scale = Multiplier.of(self.step(x, y))
        centred = columns.astype(np.int64) - x.zero_point
        acc = centred[:, 0]
        for column in centred.T[1:]:
            acc = np.clip(requantize_wide(acc * column, scale), -(2**31), 2**31 - 1)
        return clamp(requantize_wide(acc, scale) + y.zero_point, Activation.NONE, y)


@dataclass(frozen=True, kw_only=True)
class ReduceAny(Reduction):
    """y = whether any element over the axes is true."""

    types: ClassVar[tuple[str, ...]] = ("bool",)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (self.columns(values[x.name]).any(axis=1).reshape(y.shape),)


@dataclass(frozen=True, kw_only=True)
class ReduceAll(ReduceAny):
    """y = whether all elements over the axes are true."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (self.columns(values[x.name]).all(axis=1).reshape(y.shape),)
