"""ZEROS_LIKE and RANGE: what is known before anything runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require, require_operands, require_shape, require_types
from aot.ops.operands import SingleInput

_NUMBERS = ("float32", "int32", "int64")
_MOST = 1 << 24  # elements; only a damaged file asks for more


@dataclass(frozen=True, kw_only=True)
class ZerosLike(SingleInput):
    """y = zeros in the shape of x, whatever its values."""

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *((t, t) for t in _NUMBERS))
        x, y = self.operands(graph)
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        _, y = self.operands(graph)
        return (np.zeros(y.shape, y.dtype),)


@dataclass(frozen=True, kw_only=True)
class Range(Op):
    """y = start, start + delta, ... below the limit (with a negative delta: above it), each one addition further."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Start, limit, delta, output."""
        start, limit, delta = (graph[name] for name in self.inputs)
        return start, limit, delta, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 3)
        require_types(graph, self, *((t, t, t, t) for t in _NUMBERS))
        *operands, y = self.operands(graph)
        for tensor in operands:
            require(tensor.elements == 1, f"%{tensor.name} has {tensor.elements} elements; supported: 1")
            known = tensor.constant
            require(known, f"%{tensor.name} is computed: %{y.name} has a dynamic shape; supported: what shapes tell")
        require_shape(y, (_count(*(t.values.reshape(()) for t in operands)),))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        start, _, delta, y = self.operands(graph)
        terms = np.full(y.shape, values[delta.name].item(), y.dtype)
        terms[0] = values[start.name].item()
        return (np.cumsum(terms, dtype=y.dtype),)


def _count(start: Array, limit: Array, delta: Array) -> int:
    """How many elements a range has: of reals, the quotient is float32's. Raises Unsupported for none, or too many."""
    what = f"from {start} to {limit} by {delta} there are"
    require(delta != 0, f"{what} no elements")
    real = delta.dtype.kind == "f"
    count = math.ceil((limit - start) / delta) if real else -((int(start) - int(limit)) // int(delta))
    require(count > 0, f"{what} no elements")
    require(count < _MOST, f"{what} too many elements")
    return count
