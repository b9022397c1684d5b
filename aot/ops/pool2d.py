"""AVERAGE_POOL_2D and MAX_POOL_2D over NHWC int8; padding takes no part in either."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import (
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


@dataclass(frozen=True, kw_only=True)
class _Pool2D(Op):
    """What both have in common: the window."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(x, y)
        require_same_quant(x, y)
        require_activation(self.activation, y)
        require_window(x, self.kernel, self.stride, (1, 1), self.padding)
        inside = all(max(self.padding[i]) < self.kernel[i] for i in (0, 1))
        require(inside, f"padding {self.padding} leaves windows of {self.kernel} without any input")
        h, w = (out_size(x.shape[1 + i], self.kernel[i], self.stride[i], 1, self.padding[i]) for i in (0, 1))
        require_shape(y, (x.shape[0], h, w, x.shape[3]))

    def _windows(self, value: Array, fill: int) -> Array:
        padded = pad_spatial(value.astype(np.int32), self.padding, fill)
        return windows(padded, self.kernel, self.stride, (1, 1))


@dataclass(frozen=True, kw_only=True)
class AveragePool2D(_Pool2D):
    """y = the sum over the window's n elements inside the input, divided by n, rounded, ties away from zero."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        total = self._windows(values[x.name], 0).sum(axis=(3, 4), dtype=np.int64)
        count = self._windows(np.ones((1, *x.shape[1:3], 1), np.int32), 0).sum(axis=(3, 4), dtype=np.int64)
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return (clamp(mean, self.activation, y),)


@dataclass(frozen=True, kw_only=True)
class MaxPool2D(_Pool2D):
    """y = the largest element of the window."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (clamp(self._windows(values[x.name], -128).max(axis=(3, 4)), self.activation, y),)
