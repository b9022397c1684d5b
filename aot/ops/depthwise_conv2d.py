"""DEPTHWISE_CONV_2D: one filter (or `depth_multiplier` filters) for each channel; weights [1, H, W, C * multiplier]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme
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
from aot.ops.dense import finish, require_dense
from aot.ops.operands import Weighted
from aot.ops.reals import total


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2D(Weighted):
    """y[n, i, j, c*m + k] = sum over p, q of x[n, i*stride + p*dilation - pad, ..., c] * w[0, p, q, c*m + k] + b."""

    scheme: ClassVar[Scheme] = weights_scheme(channel_axis=3)

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        require(len(w.shape) == 4, f"%{w.name} (weights) has {len(w.shape)} dimensions; supported: 4")
        require_window(x, w.shape[1:3], self.stride, self.dilation, self.padding)
        require(w.shape[0] == 1, f"%{w.name} (weights) has {w.shape[0]} in its first dimension; supported: 1")
        require(w.shape[3] % x.shape[3] == 0, f"{w.shape[3]} filters for {x.shape[3]} input channels")
        require_dense(graph, self, x, w, b, y, 3)
        height, width = (
            out_size(x.shape[1 + i], w.shape[1 + i], self.stride[i], self.dilation[i], self.padding[i]) for i in (0, 1)
        )
        require_shape(y, (x.shape[0], height, width, w.shape[3]))

    def macs(self, graph: Graph) -> int:
        _, w, _, y = self.operands(graph)
        return y.elements * w.shape[1] * w.shape[2]

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, _, y = self.operands(graph)
        multiplier = w.shape[3] // x.shape[3]
        filters = values[w.name].reshape(*w.shape[1:3], x.shape[3], multiplier)
        if x.dtype == "float32":
            acc = self._sums_in_order(values[x.name], filters)
        else:
            padded = pad_spatial(values[x.name].astype(np.int64) - x.zero_point, self.padding, 0)
            columns = windows(padded, w.shape[1:3], self.stride, self.dilation)
            acc = np.einsum("nijpqc,pqcm->nijcm", columns, filters.astype(np.int64))
        return (finish(acc.reshape(y.shape), self.operands(graph), values, self.activation, rounding),)

    def _sums_in_order(self, value: Array, filters: Array) -> Array:
        """float32: tap by tap, row by row, as the reference kernel adds."""
        columns = windows(pad_spatial(value, self.padding, 0), filters.shape[:2], self.stride, self.dilation)
        taps = np.ndindex(*filters.shape[:2])
        return total(
            (columns[:, :, :, p, q, :, None] * filters[p, q] for p, q in taps), (*columns.shape[:3], *filters.shape[2:])
        )
