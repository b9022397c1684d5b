"""SHAPE: the dimensions of a tensor, known before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.common import require, require_operands, require_shape
from aot.ops.operands import SingleInput


@dataclass(frozen=True, kw_only=True)
class Shape(SingleInput):
    """y = the shape of x, whatever its values: a constant."""

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require(y.dtype in ("int32", "int64"), f"%{y.name} is {y.dtype}; supported: int32, int64")
        require(len(x.shape) > 0, f"%{x.name} is a scalar: its shape has no elements")
        require_shape(y, (len(x.shape),))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (np.array(x.shape, y.dtype),)
