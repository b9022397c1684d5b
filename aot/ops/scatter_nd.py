"""Slices of a tensor replaced, or changed, at positions that may be known only at run time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape
from aot.ops.gather import require_indices

# What becomes of an element and what comes to it.
REDUCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "none": lambda old, new: new,
    "add": lambda old, new: old + new,
    "max": lambda old, new: np.where(old < new, new, old),
    "min": lambda old, new: np.where(new < old, new, old),
    "mul": lambda old, new: old * new,
}


@dataclass(frozen=True, kw_only=True)
class ScatterNd(Op):
    """y = x, but y[indices[i, 0], indices[i, 1], ...] = updates[i], one after the other, or with `reduction` both.

    The last dimension of indices is a position in x. One out of range that comes at run time counts as the nearest.
    """

    scheme: ClassVar[Scheme] = SHARED_RANGE

    reduction: str = "none"  # one of REDUCTIONS

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Input, indices, updates and output."""
        x, indices, updates = (graph[name] for name in self.inputs)
        return x, indices, updates, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 3)
        x, indices, updates, y = self.operands(graph)
        require_moved(x, y)
        require_moved(updates, y)
        require_shape(y, x.shape)
        depth, rank = indices.shape[-1] if indices.shape else 0, len(x.shape)
        require(
            1 <= depth <= rank, f"%{indices.name} of shape {list(indices.shape)} for {rank} dimensions of %{x.name}"
        )
        require_indices(indices, np.array(x.shape[:depth]))
        require_shape(updates, (*indices.shape[:-1], *x.shape[depth:]))
        require(self.reduction in REDUCTIONS, f"reduction {self.reduction}; supported: {', '.join(REDUCTIONS)}")
        numbers = self.reduction == "none" or y.dtype in ("float32", "int32")
        require(numbers, f"reduction {self.reduction} of {y.dtype}; supported: float32, int32")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, indices, updates, _ = self.operands(graph)
        result, depth = values[x.name].copy(), indices.shape[-1]
        places = np.clip(values[indices.name], 0, np.array(x.shape[:depth]) - 1).reshape(-1, depth)
        with np.errstate(all="ignore"):
            for place, new in zip(places, values[updates.name].reshape(len(places), *x.shape[depth:]), strict=True):
                result[tuple(place)] = REDUCTIONS[self.reduction](result[tuple(place)], new)
        return (result,)
