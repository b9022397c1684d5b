"""FULLY_CONNECTED: [rows, depth] times weights [units, depth], int8 or float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import (
    Activation,
    clamp,
    requantize_output,
    require,
    require_activation,
    require_operands,
    require_types,
    require_weights,
)


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Op):
    """y[n, u] = sum over k of x[n, k] * w[u, k] + b[u]; the input is read as rows of `depth` elements."""

    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Input, weights, bias, output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph.operand(self, 2), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        int_bias, float_bias = ((), ()) if b is None else (("int32",), ("float32",))
        require_types(graph, self, ("int8", "int8", *int_bias, "int8"), ("float32", "float32", *float_bias, "float32"))
        require(len(w.shape) == 2, f"%{w.name} (weights) has {len(w.shape)} dimensions; supported: 2")
        units, depth = w.shape
        require(depth > 0 and x.elements % depth == 0, f"input of {x.elements} elements, weights for rows of {depth}")
        require_weights(x, w, b, y, 0)
        require_activation(self.activation, y)
        require(y.elements == x.elements // depth * units, f"%{y.name} has {y.elements} elements")

    def macs(self, graph: Graph) -> int:
        x, w, _, _ = self.operands(graph)
        return x.elements * w.shape[0]

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, b, y = self.operands(graph)
        rows = values[x.name].reshape(-1, w.shape[1])
        if x.dtype == "float32":
            return (self._evaluate_float(rows, values[w.name], None if b is None else values[b.name], y),)
        acc = (rows.astype(np.float64) - x.zero_point) @ values[w.name].T.astype(np.float64)
        if b is not None:
            acc = acc + values[b.name].reshape(-1)
        return (requantize_output(acc.astype(np.int64), x, w, y, self.activation, rounding).reshape(y.shape),)

    def _evaluate_float(self, rows: Array, w: Array, b: Array | None, y: Tensor) -> Array:
        """Sums in the order of the reference kernel, each step rounded to float32, so that C can equal it."""
        acc = np.zeros((rows.shape[0], w.shape[0]), np.float32)
        for k in range(w.shape[1]):
            acc += rows[:, k : k + 1] * w[:, k]
        if b is not None:
            acc += b.reshape(-1)
        return clamp(acc, self.activation, y).reshape(y.shape)
