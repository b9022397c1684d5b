"""MEAN over some axes, int8."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array, Multiplier, quantize_multiplier, requantize
from aot.ir import Graph, Op, Tensor
from aot.ops.common import (
    Activation,
    clamp,
    require,
    require_operands,
    require_quantized,
    require_ratio,
    require_shape,
    require_types,
)


@dataclass(frozen=True, kw_only=True)
class Mean(Op):
    """y = zero_y + (sum over the axes of (x - zero_x)) * scale_x / scale_y / N, with 1/N folded into the multiplier."""

    axes: tuple[int, ...]
    keep_dims: bool = False

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(x, y)
        rank = len(x.shape)
        require(all(0 <= a < rank for a in self.axes), f"axes {self.axes} of an input with {rank} dimensions")
        require(len(self.axes) > 0, "no axes")
        require(self._count(x) < 2**23, f"{self._count(x)} elements in each mean: the sum overflows 32 bits")
        require_shape(y, self._shape(x))
        require_ratio(x, y)

    def _shape(self, x: Tensor) -> tuple[int, ...]:
        kept = ((1 if axis in self.axes else size) for axis, size in enumerate(x.shape))
        if self.keep_dims:
            return tuple(kept)
        return tuple(size for axis, size in enumerate(x.shape) if axis not in self.axes)

    def _count(self, x: Tensor) -> int:
        return math.prod(x.shape[axis] for axis in self.axes)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        count = self._count(x)
        total = values[x.name].sum(axis=self.axes, keepdims=self.keep_dims, dtype=np.int64) - count * x.zero_point
        scaled = requantize(total, mean_multiplier(x, y, count, rounding), rounding)
        return (clamp(scaled + y.zero_point, Activation.NONE, y).reshape(y.shape),)


def mean_multiplier(x: Tensor, y: Tensor, count: int, rounding: str) -> Multiplier:
    """scale_x / scale_y / count: the quotient of scales made fixed-point first, then divided by `count` and cut off."""
    multiplier, shift = quantize_multiplier(x.scale / y.scale, rounding)
    more = min(count.bit_length() - 1, 32, 31 + shift)
    return Multiplier(np.array([(multiplier << more) // count], np.int64), np.array([shift - more], np.int64))
