"""TRANSPOSE: dimensions in another order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class Transpose(Op):
    """Dimension i of y is dimension permutation[i] of x."""

    permutation: tuple[int, ...]

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require_moved(x, y)
        order = sorted(self.permutation) == list(range(len(x.shape)))
        require(order, f"permutation {self.permutation} of {len(x.shape)} dimensions")
        require_shape(y, tuple(x.shape[i] for i in self.permutation))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        return (np.ascontiguousarray(values[x.name].transpose(self.permutation)),)
