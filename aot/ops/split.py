"""SPLIT, SPLIT_V and UNPACK: a tensor cut along an axis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class Split(Op):
    """y[0], y[1], ... = equal parts of x along `axis`."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    axis: int

    def operands(self, graph: Graph) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The input, and all outputs."""
        return graph[self.inputs[0]], tuple(graph[name] for name in self.outputs)

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1, outputs=max(1, len(self.outputs)))
        x, ys = self.operands(graph)
        rank, count = len(x.shape), len(ys)
        require(0 <= self.axis < rank, f"axis {self.axis} of an input with {rank} dimensions")
        for y, part in zip(ys, self._shapes(x, count), strict=True):
            require_moved(x, y)
            require_shape(y, part)

    def _shapes(self, x: Tensor, count: int) -> list[tuple[int, ...]]:
        """The shape of each output."""
        extent = x.shape[self.axis]
        require(extent % count == 0, f"%{x.name} has {extent} elements along axis {self.axis} for {count} outputs")
        return [(*x.shape[: self.axis], extent // count, *x.shape[self.axis + 1 :])] * count

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, ys = self.operands(graph)
        ends = np.cumsum([y.elements * x.shape[self.axis] // x.elements for y in ys])
        parts = np.split(values[x.name], ends[:-1], self.axis)
        return tuple(np.array(part, order="C").reshape(y.shape) for part, y in zip(parts, ys, strict=True))


@dataclass(frozen=True, kw_only=True)
class SplitV(Split):
    """y[0], y[1], ... = parts of `sizes` along `axis`."""

    sizes: tuple[int, ...]

    def _shapes(self, x: Tensor, count: int) -> list[tuple[int, ...]]:
        require(len(self.sizes) == count, f"{len(self.sizes)} sizes for {count} outputs")
        extent = x.shape[self.axis]
        fits = min(self.sizes) >= 1 and sum(self.sizes) == extent
        require(fits, f"sizes {self.sizes} of {extent} elements along axis {self.axis} of %{x.name}")
        return [(*x.shape[: self.axis], size, *x.shape[self.axis + 1 :]) for size in self.sizes]


@dataclass(frozen=True, kw_only=True)
class Unpack(Split):
    """y[i] = element i of x along `axis`, a dimension that the outputs do not have."""

    def _shapes(self, x: Tensor, count: int) -> list[tuple[int, ...]]:
        extent = x.shape[self.axis]
        require(extent == count, f"%{x.name} has {extent} elements along axis {self.axis} for {count} outputs")
        return [(*x.shape[: self.axis], *x.shape[self.axis + 1 :])] * count
