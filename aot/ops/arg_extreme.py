"""ARG_MAX and ARG_MIN: where along an axis the largest or smallest element is, the first of several."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme
from aot.ops.common import SHARED_INT8, require, require_operands, require_shape
from aot.ops.operands import SingleInput


@dataclass(frozen=True, kw_only=True)
class ArgMax(SingleInput):
    """y = the first index along `axis` whose element no later one exceeds; nothing exceeds a not-a-number."""

    scheme: ClassVar[Scheme] = SHARED_INT8

    axis: int

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        rank = len(x.shape)
        require(0 <= self.axis < rank, f"axis {self.axis} of an input with {rank} dimensions")
        require(y.dtype in ("int32", "int64"), f"%{y.name} is {y.dtype}; supported: int32, int64")
        require_shape(y, (*x.shape[: self.axis], *x.shape[self.axis + 1 :]))

    def first(self, elements: Array) -> Array:
        """The first index of the extreme along the first axis; not-a-numbers count as the other extreme."""
        return np.asarray(np.argmax(np.nan_to_num(elements, nan=-np.inf, posinf=np.inf, neginf=-np.inf), axis=0))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        elements = np.moveaxis(values[x.name], self.axis, 0)
        stuck = elements[0] != elements[0]  # a not-a-number that comes first: nothing compares with it
        return (np.where(stuck, 0, self.first(elements)).astype(y.dtype),)


@dataclass(frozen=True, kw_only=True)
class ArgMin(ArgMax):
    """y = the first index along `axis` whose element is not above any other."""

    def first(self, elements: Array) -> Array:
        return np.asarray(np.argmin(np.nan_to_num(elements, nan=np.inf, posinf=np.inf, neginf=-np.inf), axis=0))
