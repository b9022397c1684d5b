"""FULLY_CONNECTED: [rows, depth] times weights [units, depth]; int8, int16 or float32."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import Activation, require, require_operands, weights_scheme
from aot.ops.dense import centred, finish, matrix_product, require_dense
from aot.ops.operands import Weighted

_BIAS_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Weighted):
    """y[n, u] = sum over k of x[n, k] * w[u, k] + b[u]; the input is read as rows of `depth` elements."""

    scheme: ClassVar[Scheme] = weights_scheme(channel_axis=0)

    activation: Activation = Activation.NONE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        require(len(w.shape) == 2, f"%{w.name} (weights) has {len(w.shape)} dimensions; supported: 2")
        units, depth = w.shape
        require(depth > 0 and x.elements % depth == 0, f"input of {x.elements} elements, weights for rows of {depth}")
        require_dense(graph, self, x, w, b, y, 0)
        if b is not None and b.quant is not None and y.dtype != "float32" and not w.quantization.per_channel:
            _require_bias_scale(x, w, b, y)
        require(y.elements == x.elements // depth * units, f"%{y.name} has {y.elements} elements")

    def macs(self, graph: Graph) -> int:
        x, w, _, _ = self.operands(graph)
        return x.elements * w.shape[0]

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, _, y = self.operands(graph)
        acc = matrix_product(centred(x, values[x.name]).reshape(-1, w.shape[1]), values[w.name])
        return (finish(acc, self.operands(graph), values, self.activation, rounding).reshape(y.shape),)


def _require_bias_scale(x: Tensor, w: Tensor, b: Tensor, y: Tensor) -> None:
    """The bias is added to products: TensorFlow Lite wants its scale to be theirs, but for 0.02 of the output's."""
    product = float(np.float32(x.scale) * np.float32(w.scale))
    fits = abs(product - b.scale) <= _BIAS_TOLERANCE * y.scale
    what = f"the product of %{x.name}'s and %{w.name}'s"
    require(fits, f"%{b.name} (bias) has scale {b.scale:g}; expected {product:g}, {what}")
