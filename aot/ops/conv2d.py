"""CONV_2D: NHWC input, OHWI weights, int32 accumulation, optional bias and fused activation."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import (
    Activation,
    Pads,
    out_size,
    pad_spatial,
    requantize_output,
    require,
    require_activation,
    require_operands,
    require_shape,
    require_types,
    require_weights,
    require_window,
    windows,
)

_LARGEST_COPY = 1 << 22  # elements of overlapping windows that are laid out side by side at once


@dataclass(frozen=True, kw_only=True)
class Conv2D(Op):
    """y[n, i, j, o] = sum over p, q, c of x[n, i*stride + p*dilation - pad, ..., c] * w[o, p, q, c] + b[o]."""

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Input, weights, bias, output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph.operand(self, 2), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        bias = () if b is None else ("int32",)
        require_types(graph, self, ("int8", "int8", *bias, "int8"))
        require(len(w.shape) == 4, f"%{w.name} (weights) has {len(w.shape)} dimensions; supported: 4")
        require_window(x, w.shape[1:3], self.stride, self.dilation, self.padding)
        require(w.shape[3] == x.shape[3], f"grouped: {x.shape[3]} input channels, weights for {w.shape[3]}")
        require_weights(x, w, b, y, 0)
        require_activation(self.activation, y)
        require_shape(y, (x.shape[0], *self._out_size(x, w), w.shape[0]))

    def _out_size(self, x: Tensor, w: Tensor) -> tuple[int, int]:
        h, v = (
            out_size(x.shape[1 + i], w.shape[1 + i], self.stride[i], self.dilation[i], self.padding[i]) for i in (0, 1)
        )
        return h, v

    def macs(self, graph: Graph) -> int:
        _, w, _, y = self.operands(graph)
        return y.elements * w.elements // w.shape[0]

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, b, y = self.operands(graph)
        padded = pad_spatial(values[x.name].astype(np.float64) - x.zero_point, self.padding, 0)
        places = windows(padded, w.shape[1:3], self.stride, self.dilation)
        acc = _products(places, values[w.name].reshape(w.shape[0], -1)).reshape(y.shape)
        if b is not None:
            acc = acc + values[b.name].reshape(-1)
        return (requantize_output(acc, x, w, y, self.activation, rounding),)


def _products(places: Array, filters: Array) -> Array:
    """The sums of products of each place's window with each of `filters`, some rows of places at a time.

    float64 holds these integers exactly (they are below 2**31) and brings the matrix product of numpy's BLAS.
    """
    weights = filters.T.astype(np.float64)
    rows = max(1, _LARGEST_COPY // (places.shape[2] * len(weights)))
    parts = [
        image[i : i + rows].reshape(-1, len(weights)) @ weights for image in places for i in range(0, len(image), rows)
    ]
    return np.concatenate(parts).astype(np.int64)
