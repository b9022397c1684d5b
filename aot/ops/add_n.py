"""ADD_N: the sum of any number of tensors of one shape, float32 or int32."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import require, require_operands, require_shape

_TYPES = ("float32", "int32")


@dataclass(frozen=True, kw_only=True)
class AddN(Op):
    """y = x0 + x1 + ..., in this order; integers wrap."""

    def operands(self, graph: Graph) -> tuple[tuple[Tensor, ...], Tensor]:
        """Inputs and output."""
        return tuple(graph[name] for name in self.inputs), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, len(self.inputs))
        require(len(self.inputs) >= 2, f"{len(self.inputs)} inputs; supported: 2 and more")
        xs, y = self.operands(graph)
        require(y.dtype in _TYPES, f"%{y.name} is {y.dtype}; supported: {', '.join(_TYPES)}")
        for x in xs:
            require(x.dtype == y.dtype, f"%{x.name} is {x.dtype} but %{y.name} is {y.dtype}")
            require_shape(x, y.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        xs, _ = self.operands(graph)
        with np.errstate(all="ignore"):
            return (reduce(np.add, (values[x.name] for x in xs)),)
