"""DYNAMIC_UPDATE_SLICE: a tensor with a part of it replaced, at a place known when it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class DynamicUpdateSlice(Op):
    """y = x with `update` from position `start` on, which is moved so that all of `update` lies inside."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Input, update, start and output."""
        x, update, start = (graph[name] for name in self.inputs)
        return x, update, start, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 3)
        x, update, start, y = self.operands(graph)
        require_moved(x, y)
        require_moved(update, y)
        require_shape(y, x.shape)
        rank = len(x.shape)
        require(rank > 0, f"%{x.name} is a scalar")
        require(start.dtype in ("int32", "int64"), f"%{start.name} is {start.dtype}; supported: int32, int64")
        require_shape(start, (rank,))
        fits = len(update.shape) == rank and all(u <= n for u, n in zip(update.shape, x.shape, strict=True))
        require(fits, f"%{update.name} of shape {list(update.shape)} does not fit %{x.name} of shape {list(x.shape)}")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, update, start, _ = self.operands(graph)
        result = values[x.name].copy()
        last = np.array(x.shape) - np.array(update.shape)
        first = np.clip(values[start.name], 0, last)
        part = tuple(slice(int(f), int(f) + n) for f, n in zip(first, update.shape, strict=True))
        result[part] = values[update.name]
        return (result,)
