"""BROADCAST_ARGS: the shape that two shapes broadcast to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require, require_operands, require_shape, require_types


@dataclass(frozen=True, kw_only=True)
class BroadcastArgs(Op):
    """y = the broadcast shape of a tensor of shape a and one of shape b; where they do not broadcast, a counts."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both shapes, and theirs."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        require_types(graph, self, *((t, t, t) for t in ("int32", "int64")))
        a, b, y = self.operands(graph)
        for tensor in (a, b):
            require(len(tensor.shape) == 1, f"%{tensor.name} has {len(tensor.shape)} dimensions; supported: 1")
        require_shape(y, max(a.shape, b.shape))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        left, right = (_padded(values[t.name], y.elements) for t in (a, b))
        return (np.where(left == 1, right, left),)


def _padded(shape: Array, rank: int) -> Array:
    """`shape` with dimensions of 1 before its own."""
    return np.concatenate([np.ones(rank - len(shape), shape.dtype), shape])
