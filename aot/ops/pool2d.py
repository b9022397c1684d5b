"""AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D over NHWC; padding takes no part in any of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, requantize_float
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.codes import quantize_joined, reals, saturated
from aot.ops.common import (
    OWN_RANGES,
    SHARED_RANGE,
    Activation,
    Pads,
    clamp,
    out_size,
    pad_spatial,
    require,
    require_activation,
    require_operands,
    require_quantized,
    require_same_quant,
    require_shape,
    require_types,
    require_window,
    windows,
)
from aot.ops.mean import mean_scale_float
from aot.ops.operands import SingleInput
from aot.ops.reals import FLOAT_MAX, clamp_real, total
from aot.ops.unary import require_codes

_MOST_TAPS = 1 << 15  # so many int16 values fit a sum of 32 bits


@dataclass(frozen=True, kw_only=True)
class Pool2D(SingleInput):
    """What all have in common: the window."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = ("int8", "int16", "float32")

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    @property
    def span(self) -> tuple[int, int]:
        """The rows and columns from a window's first tap to its last."""
        down, right = ((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return down, right

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *((t, t) for t in self.types))
        x, y = self.operands(graph)
        if x.dtype != "float32":
            require_quantized(x, y)
            self.check_codes(x, y)
            require_activation(self.activation, y)
        require_window(x, self.kernel, self.stride, self.dilation, self.padding)
        fits = all(max(self.padding[i]) < self.span[i] <= x.shape[1 + i] + sum(self.padding[i]) for i in (0, 1))
        inside = fits and (self.dilation == (1, 1) or self._counts(x).min() > 0)
        require(bool(inside), f"padding {self.padding} leaves windows of {self.kernel} without any input")
        taps = min(self.kernel[0], x.shape[1]) * min(self.kernel[1], x.shape[2])
        require(x.dtype != "int16" or taps <= _MOST_TAPS, f"windows of {taps} elements; supported: {_MOST_TAPS}")
        h, w = (out_size(x.shape[1 + i], self.span[i], self.stride[i], 1, self.padding[i]) for i in (0, 1))
        require_shape(y, (x.shape[0], h, w, x.shape[3]))

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        """What quantized types demand."""
        require_same_quant(x, y)

    def _windows(self, value: Array, fill: float) -> Array:
        return windows(pad_spatial(value, self.padding, fill), self.kernel, self.stride, self.dilation)

    def _taps(self, value: Array, fill: float) -> Iterator[Array]:
        """What each window has at its first tap, at its second, and so on: the order of float32 sums."""
        places = self._windows(value, fill)
        return (places[:, :, :, p, q] for p, q in np.ndindex(*self.kernel))

    def _counts(self, x: Tensor) -> Array:
        """How many taps of each window lie inside the input."""
        ones = np.ones((1, *x.shape[1:3], 1), np.int32)
        return np.asarray(self._windows(ones, 0).sum(axis=(3, 4), dtype=np.int64))


@dataclass(frozen=True, kw_only=True)
class AveragePool2D(Pool2D):
    """y = the sum over the window's n elements inside the input, divided by n; integers round, ties away from zero.

    Or `ties_upwards`: so TensorFlow Lite rounds the codes of uint8, which are never below zero.
    Rounding `onnx`, and any other where input and output differ in scale or zero point: the mean of reals.
    """

    ties_upwards: bool = False

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require_codes(x, y)

    def of_reals(self, x: Tensor, y: Tensor, rounding: str) -> bool:
        """Whether codes become reals before they are added."""
        return rounding == "onnx" or x.quant != y.quant

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value, count = values[x.name], self._counts(x)
        if x.dtype == "float32":
            return (clamp_real(self._mean(value, count), self.activation),)
        if self.of_reals(x, y, rounding):
            return (clamp(self._nearest(value, count, x, y), self.activation, y, rounding),)
        acc = self._windows(value.astype(np.int32), 0).sum(axis=(3, 4), dtype=np.int64)
        away = np.sign(acc) * ((np.abs(acc) + count // 2) // count)
        mean = (acc + count // 2) // count if self.ties_upwards else away
        return (clamp(mean, self.activation, y),)

    def _mean(self, value: Array, count: Array) -> Array:
        """Of float32."""
        shape = (value.shape[0], *count.shape[1:3], value.shape[3])
        return np.asarray(total(self._taps(value, 0), shape) / count.astype(np.float32))

    def _nearest(self, value: Array, count: Array, x: Tensor, y: Tensor) -> Array:
        """Codes as onnxruntime's QLinearAveragePool has them, or its QLinearGlobalAveragePool, of all of the image."""
        if self.over_all(x):
            taps = self.kernel[0] * self.kernel[1]
            acc = value.astype(np.int64).sum(axis=(1, 2), keepdims=True) - taps * x.zero_point
            return saturated(requantize_float(acc, mean_scale_float(x, y, taps)), y)
        return quantize_joined(self._mean(reals(value, x.quantization), count), y, self.code_shift)

    def over_all(self, x: Tensor) -> bool:
        """Whether there is one window of int8, which is all of the image."""
        whole = self.kernel == x.shape[1:3] and self.dilation == (1, 1)
        return whole and x.dtype == "int8" and not any(map(any, self.padding))

    @property
    def code_shift(self) -> int:
        """What codes of int8 that are uint8's are less by."""
        return 128 if self.ties_upwards else 0


@dataclass(frozen=True, kw_only=True)
class MaxPool2D(Pool2D):
    """y = the largest element of the window."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value = values[x.name]
        if x.dtype != "float32":
            lowest = int(np.iinfo(x.dtype).min)
            return (clamp(self._windows(value, lowest).max(axis=(3, 4)), self.activation, y, rounding),)
        largest = np.full(y.shape, -FLOAT_MAX, np.float32)
        for tap in self._taps(value, -FLOAT_MAX):
            largest = np.where(largest < tap, tap, largest)
        return (clamp_real(largest, self.activation),)


@dataclass(frozen=True, kw_only=True)
class L2Pool2D(Pool2D):
    """y = the square root of the mean of the window's squares; float32."""

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = ("float32",)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        with np.errstate(over="ignore"):
            squares = values[x.name] * values[x.name]
        mean = total(self._taps(squares, 0), y.shape) / self._counts(x).astype(np.float32)
        return (clamp_real(np.sqrt(mean), self.activation),)
