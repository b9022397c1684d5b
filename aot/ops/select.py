"""SELECT and SELECT_V2: elements of one tensor or of another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class SelectV2(Op):
    """y = a where the condition is true, b elsewhere; all three broadcast."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Condition, both inputs, output."""
        condition, a, b = (graph[name] for name in self.inputs)
        return condition, a, b, graph[self.outputs[0]]

    def condition_shape(self, graph: Graph) -> tuple[int, ...]:
        """The shape with which the condition broadcasts. Raises Unsupported."""
        return self.operands(graph)[0].shape

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 3)
        condition, a, b, y = self.operands(graph)
        require(condition.dtype == "bool", f"%{condition.name} is {condition.dtype}; supported: bool")
        require_moved(a, y)
        require_moved(b, y)
        try:
            shape = np.broadcast_shapes(self.condition_shape(graph), a.shape, b.shape)
        except ValueError:
            shapes = ", ".join(f"%{t.name} of shape {list(t.shape)}" for t in (condition, a, b))
            require(False, f"{shapes} do not broadcast")
        require_shape(y, shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        condition, a, b, _ = self.operands(graph)
        chosen = values[condition.name].reshape(self.condition_shape(graph))
        return (np.where(chosen, values[a.name], values[b.name]),)


@dataclass(frozen=True, kw_only=True)
class Select(SelectV2):
    """The same of two tensors of one shape; a condition of one dimension chooses along the first of theirs."""

    def condition_shape(self, graph: Graph) -> tuple[int, ...]:
        condition, a, b, _ = self.operands(graph)
        require_shape(b, a.shape)
        shape, rank = condition.shape, len(a.shape)
        fits = shape in ((), a.shape, a.shape[:1])
        require(fits, f"%{condition.name} has shape {list(shape)}, %{a.name} {list(a.shape)}")
        return shape if shape in ((), a.shape) else (*shape, *(1,) * (rank - 1))
