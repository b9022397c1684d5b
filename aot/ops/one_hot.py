"""ONE_HOT: indices as rows that are on at one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import SHARED_INT8, require, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class OneHot(Op):
    """y[..., i, ...] = on if i is the index, else off, along a new `axis`; the inputs are indices, depth, on, off.

    Codes stay as they are whatever their scales: so it is in TensorFlow Lite.
    """

    scheme: ClassVar[Scheme] = SHARED_INT8

    axis: int

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Indices, the values of on and off, and the output."""
        indices, _, on, off = (graph[name] for name in self.inputs)
        return indices, on, off, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 4)
        indices, on, off, y = self.operands(graph)
        require(indices.dtype in ("int32", "int64"), f"%{indices.name} is {indices.dtype}; supported: int32, int64")
        for value in (on, off):
            require(value.dtype == y.dtype, f"%{value.name} is {value.dtype} but %{y.name} is {y.dtype}")
            require(value.elements == 1, f"%{value.name} has {value.elements} elements; supported: 1")
        depth, rank = graph[self.inputs[1]], len(indices.shape)
        known = depth.data is not None and depth.dtype == "int32" and depth.elements == 1
        require(known, f"%{depth.name} (the depth) must be one constant of int32")
        require(0 <= self.axis <= rank, f"axis {self.axis} of {rank + 1} dimensions")
        require_shape(y, (*indices.shape[: self.axis], int(depth.values.reshape(())), *indices.shape[self.axis :]))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        indices, on, off, y = self.operands(graph)
        places = np.arange(y.shape[self.axis]).reshape([-1 if i == self.axis else 1 for i in range(len(y.shape))])
        hit = np.expand_dims(values[indices.name].astype(np.int32), self.axis) == places
        return (np.where(hit, values[on.name].reshape(()), values[off.name].reshape(())),)
