"""PACK: tensors of one shape along a new axis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class Pack(Op):
    """y = x[0], x[1], ... side by side along `axis`, which only y has."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    axis: int

    def operands(self, graph: Graph) -> tuple[tuple[Tensor, ...], Tensor]:
        """All inputs, and the output."""
        return tuple(graph[name] for name in self.inputs), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, max(1, len(self.inputs)))
        xs, y = self.operands(graph)
        shape = xs[0].shape
        require(0 <= self.axis <= len(shape), f"axis {self.axis} of an output with {len(shape) + 1} dimensions")
        for x in xs:
            require_moved(x, y)
            require_shape(x, shape)
        require_shape(y, (*shape[: self.axis], len(xs), *shape[self.axis :]))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        xs, _ = self.operands(graph)
        return (np.stack([values[x.name] for x in xs], axis=self.axis),)
