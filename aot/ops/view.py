"""Operators that read their one input in another order; elements may be left out or repeated."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import reduce
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require_moved, require_operands, require_shape
from aot.ops.operands import SingleInput


class Rearrangement(SingleInput):
    """Every element of y is one of x: what a view and tables of positions have in common."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    @abstractmethod
    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        """The shape of y. Raises Unsupported where the attributes do not fit `x`."""

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require_moved(x, y)
        require_shape(y, self.shape_of(x))


class View(Rearrangement):
    """y = view(x), read in order. Kernels take strides and first element from the view that numpy makes."""

    @abstractmethod
    def view(self, x: Array) -> Array:
        """The elements of y in their order, without a copy; the view may have more dimensions than y."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (np.array(self.view(values[x.name]), order="C").reshape(y.shape),)


class Indexed(Rearrangement):
    """y[i, j, ...] = x[first[i] + second[j] + ...], x counted element by element: one table for each dimension of y."""

    @abstractmethod
    def tables(self, graph: Graph) -> tuple[Array, ...]:
        """What each dimension of y adds to the position in x."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (values[x.name].reshape(-1)[positions(self.tables(graph))].reshape(y.shape),)


def positions(tables: tuple[Array, ...]) -> Array:
    """The sums of one entry of each table, in every combination."""
    return np.asarray(reduce(np.add.outer, tables, np.zeros((), np.int32)), np.int32)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart, in elements, neighbours along each dimension lie in a dense array."""
    return tuple(int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape)))
