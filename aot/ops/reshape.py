"""RESHAPE, also SQUEEZE and EXPAND_DIMS: the same elements in the same order, a view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands
from aot.ops.operands import SingleInput


@dataclass(frozen=True, kw_only=True)
class Reshape(SingleInput):
    """y = x, read with the output's shape."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require_moved(x, y)
        require(x.elements == y.elements, f"%{x.name} has {x.elements} elements, %{y.name} has {y.elements}")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (values[x.name].reshape(y.shape),)
