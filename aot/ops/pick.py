"""Constant positions along each dimension: how other formats find nearest pixels, and pad with those at the edge."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.common import require, require_moved, require_operands, require_shape
from aot.ops.gather import require_indices
from aot.ops.view import Indexed, contiguous_strides


@dataclass(frozen=True, kw_only=True)
class Pick(Indexed):
    """y[i, j, ...] = x[first[i], second[j], ...].

    Operands are x and, for each of its dimensions, constant indices; where these are left out, y has all elements.
    """

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1, len(self.inputs))
        x, y = self.operands(graph)
        require_moved(x, y)
        rank = len(x.shape)
        require(len(self.inputs) == 1 + rank, f"{len(self.inputs) - 1} lists of indices for {rank} dimensions")
        for name, extent in zip(self.inputs[1:], x.shape, strict=True):
            if name is not None:
                one = len(graph[name].shape) == 1 and graph[name].constant and graph[name].elements > 0
                require(one, f"%{name} (indices) is no constant list")
                require_indices(graph[name], np.array(extent))
        require_shape(y, tuple(len(i) for i in self._indices(graph)))

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        raise TypeError("the indices say it")

    def _indices(self, graph: Graph) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        given = zip(self.inputs[1:], x.shape, strict=True)
        return tuple(np.arange(extent) if name is None else graph[name].values for name, extent in given)

    def tables(self, graph: Graph) -> tuple[Array, ...]:
        strides = contiguous_strides(graph[self.inputs[0]].shape)
        pairs = zip(self._indices(graph), strides, strict=True)
        return tuple((indices * stride).astype(np.int32) for indices, stride in pairs)
