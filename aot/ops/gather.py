"""GATHER, EMBEDDING_LOOKUP and GATHER_ND: slices of a tensor chosen by indices, which may be known only at run time.

TensorFlow Lite stops with an error at an index that is out of range. Here a constant one is refused by `check`, and one
that comes at run time counts as the nearest that is in range.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape

INDEX_TYPES = ("int16", "int32", "int64")


@dataclass(frozen=True, kw_only=True)
class Gather(Op):
    """y = x[..., indices, ...] along `axis`; the first `batch_dims` dimensions of x and indices go together."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    axis: int = 0
    batch_dims: int = 0

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Input, indices and output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        x, indices, y = self.operands(graph)
        require_moved(x, y)
        rank, axis, batch = len(x.shape), self.axis, self.batch_dims
        require(0 <= batch <= axis < rank, f"axis {axis} and {batch} batch dimensions of {rank} dimensions")
        require(batch <= len(indices.shape), f"%{indices.name} has fewer than {batch} dimensions")
        same = x.shape[:batch] == indices.shape[:batch]
        require(same, f"%{x.name} and %{indices.name} differ in their first {batch} dimensions")
        require_indices(indices, np.array(x.shape[axis]))
        require_shape(y, (*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]))

    def sizes(self, graph: Graph) -> tuple[int, int, int, int, int]:
        """x is [batches, outer, extent, inner], indices [batches, count], y [batches, outer, count, inner]."""
        x, indices, _ = self.operands(graph)
        batches, outer = math.prod(x.shape[: self.batch_dims]), math.prod(x.shape[self.batch_dims : self.axis])
        inner = math.prod(x.shape[self.axis + 1 :])
        return batches, outer, x.shape[self.axis], indices.elements // batches, inner

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, indices, y = self.operands(graph)
        batches, outer, extent, count, inner = self.sizes(graph)
        chosen = np.clip(values[indices.name], 0, extent - 1).reshape(batches, 1, count, 1)
        result = np.take_along_axis(values[x.name].reshape(batches, outer, extent, inner), chosen, 2)
        return (result.reshape(y.shape),)


@dataclass(frozen=True, kw_only=True)
class EmbeddingLookup(Gather):
    """y = x[indices]: the operands come in the other order."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        return graph[self.inputs[1]], graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        super().check(graph)
        _, indices, _ = self.operands(graph)
        require(len(indices.shape) == 1, f"%{indices.name} (indices) has {len(indices.shape)} dimensions; supported: 1")


@dataclass(frozen=True, kw_only=True)
class GatherNd(Op):
    """y[i] = x[indices[i, 0], indices[i, 1], ...]: the last dimension of indices is a position in x."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Input, indices and output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        x, indices, y = self.operands(graph)
        require_moved(x, y)
        depth, rank = indices.shape[-1] if indices.shape else 0, len(x.shape)
        require(
            1 <= depth <= rank, f"%{indices.name} of shape {list(indices.shape)} for {rank} dimensions of %{x.name}"
        )
        require_indices(indices, np.array(x.shape[:depth]))
        require_shape(y, (*indices.shape[:-1], *x.shape[depth:]))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, indices, y = self.operands(graph)
        last = np.array(x.shape[: indices.shape[-1]]) - 1
        chosen = np.clip(values[indices.name], 0, last)
        return (values[x.name][tuple(np.moveaxis(chosen, -1, 0))].reshape(y.shape),)


def require_indices(indices: Tensor, extents: Array) -> None:
    """A type of indices; constant ones must be in range."""
    require(indices.dtype in INDEX_TYPES, f"%{indices.name} is {indices.dtype}; supported: {', '.join(INDEX_TYPES)}")
    if indices.data is not None:
        inside = bool(np.all((indices.data >= 0) & (indices.data < extents)))
        require(inside, f"%{indices.name} has an index out of range: supported are 0 to {(extents - 1).tolist()}")
