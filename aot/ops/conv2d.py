"""CONV_2D: NHWC input, OHWI weights, optional bias and fused activation, groups of channels; int8, int16, float32."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import (
    Activation,
    Pads,
    out_size,
    pad_spatial,
    require,
    require_operands,
    require_shape,
    require_window,
    weights_scheme,
    windows,
)
from aot.ops.dense import centred, finish, require_dense, require_groups, window_products
from aot.ops.operands import Weighted


@dataclass(frozen=True, kw_only=True)
class Conv2D(Weighted):
    """y[n, i, j, o] = sum over p, q, c of x[n, i*stride + p*dilation - pad, ..., c] * w[o, p, q, c] + b[o].

    Where the weights have fewer channels than x, there are groups: filters and channels are shared out alike.
    """

    scheme: ClassVar[Scheme] = weights_scheme(channel_axis=0)

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        require(len(w.shape) == 4, f"%{w.name} (weights) has {len(w.shape)} dimensions; supported: 4")
        require_window(x, w.shape[1:3], self.stride, self.dilation, self.padding)
        require_groups(x, w)
        require_dense(graph, self, x, w, b, y, 0)
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
        x, w, _, _ = self.operands(graph)
        padded = pad_spatial(centred(x, values[x.name]), self.padding, 0)
        places = windows(padded, w.shape[1:3], self.stride, self.dilation)
        groups = require_groups(x, w)
        filters = values[w.name].reshape(groups, w.shape[0] // groups, -1)
        parts = np.split(places, groups, axis=5)
        acc = np.concatenate([window_products(part, f) for part, f in zip(parts, filters, strict=True)], axis=3)
        return (finish(acc, self.operands(graph), values, self.activation, rounding),)
