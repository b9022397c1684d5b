"""CONCATENATION: inputs one after the other along an axis; int8 without rescaling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, Activation, require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class Concatenation(Op):
    """y = x[0], x[1], ... joined along `axis`; all share scale and zero point."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    axis: int
    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[tuple[Tensor, ...], Tensor]:
        """All inputs, and the output."""
        return tuple(graph[name] for name in self.inputs), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, max(1, len(self.inputs)))
        xs, y = self.operands(graph)
        before, rank, behind = xs[0].shape[: self.axis], len(xs[0].shape), xs[0].shape[self.axis + 1 :]
        require(0 <= self.axis < rank, f"axis {self.axis} of an output with {rank} dimensions")
        # TensorFlow Lite's int8 kernel demands this as well.
        require(self.activation is Activation.NONE, f"fused activation {self.activation}; supported: NONE")
        for x in xs:
            require_moved(x, y)
            require(len(x.shape) == rank, f"%{x.name} has {len(x.shape)} dimensions, %{xs[0].name} has {rank}")
            require_shape(x, (*before, x.shape[self.axis], *behind))
        require_shape(y, (*before, sum(x.shape[self.axis] for x in xs), *behind))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        xs, _ = self.operands(graph)
        return (np.concatenate([values[x.name] for x in xs], axis=self.axis),)
