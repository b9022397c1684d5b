"""TOPK_V2: the largest elements of each row, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class TopK(Op):
    """(values, indices) of the `k` largest along the last axis, largest first, the earlier of equals first."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    k: int

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Input, values and indices."""
        return graph[self.inputs[0]], graph[self.outputs[0]], graph[self.outputs[1]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1, outputs=2)
        x, values, indices = self.operands(graph)
        require(len(x.shape) > 0 and 1 <= self.k <= x.shape[-1], f"the {self.k} largest of shape {list(x.shape)}")
        require_moved(x, values)
        require(indices.dtype == "int32", f"%{indices.name} is {indices.dtype}; supported: int32")
        for y in (values, indices):
            require_shape(y, (*x.shape[:-1], self.k))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y, _ = self.operands(graph)
        rows = values[x.name].reshape(-1, x.shape[-1])
        order = x.shape[-1] - 1 - np.argsort(rows[:, ::-1], axis=1, kind="stable")[:, ::-1]
        for i in np.flatnonzero(np.any(rows != rows, axis=1)):  # with a not-a-number, which sorts nowhere
            order[i, : self.k] = _insert(rows[i], self.k)
        chosen = order[:, : self.k]
        return np.take_along_axis(rows, chosen, 1).reshape(y.shape), chosen.astype(np.int32).reshape(y.shape)


def _insert(row: Array, k: int) -> list[int]:
    """Element after element, each behind the last one that is not less; what the kernel does."""
    best: list[int] = []
    for i, value in enumerate(row):
        if len(best) == k and not value > row[best[-1]]:
            continue
        del best[k - 1 :]
        at = len(best)
        while at > 0 and row[best[at - 1]] < value:
            at -= 1
        best.insert(at, i)
    return best
