"""TRANSPOSE_CONV: each element of the input adds a filter, times itself, to the output; int8, int16, float32."""

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
    require,
    require_operands,
    require_shape,
    require_window,
    weights_scheme,
)
from aot.ops.dense import centred, finish, require_dense, require_groups
from aot.ops.operands import Weighted

_MOST_ELEMENTS = 1 << 22  # of the output before it is cut to size; only a damaged file asks for more


@dataclass(frozen=True, kw_only=True)
class TransposeConv(Weighted):
    """y[n, i*stride + p - pad, j*stride + q - pad, o] = b[o] + sum over i, j, c of x[n, i, j, c] * w[o, p, q, c].

    Where the weights have fewer channels than x, there are groups: filters and channels are shared out alike.
    """

    scheme: ClassVar[Scheme] = weights_scheme(channel_axis=0)

    stride: tuple[int, int] = (1, 1)
    padding: Pads = ((0, 0), (0, 0))
    activation: Activation = Activation.NONE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        x, w, b, y = self.operands(graph)
        for t in (w, y):
            require(len(t.shape) == 4, f"%{t.name} has {len(t.shape)} dimensions; supported: 4")
        require_window(x, w.shape[1:3], self.stride, (1, 1), self.padding)
        require_groups(x, w)
        spread = x.shape[0] * w.shape[0]
        for i in (0, 1):
            spread *= max((x.shape[1 + i] - 1) * self.stride[i] + w.shape[1 + i], y.shape[1 + i] + sum(self.padding[i]))
        require(spread <= _MOST_ELEMENTS, f"%{y.name} has {spread} elements before it is cut to size")
        require_dense(graph, self, x, w, b, y, 0)
        require(b is None or b.dtype != "int32" or x.dtype == "int8", "the bias is int32; supported: int64")
        require_shape(y, (x.shape[0], *y.shape[1:3], w.shape[0]))
        for i in (0, 1):
            places = out_size(y.shape[1 + i], w.shape[1 + i], self.stride[i], 1, self.padding[i])
            require(places == x.shape[1 + i], f"%{y.name} of shape {list(y.shape)} has no place for each of %{x.name}")

    def macs(self, graph: Graph) -> int:
        x, w, _, _ = self.operands(graph)
        return x.elements // x.shape[3] * w.elements

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, _, y = self.operands(graph)
        acc = self._spread(centred(x, values[x.name]), values[w.name], y)
        acc = acc if x.dtype == "float32" else acc.astype(np.int64)
        return (finish(acc, self.operands(graph), values, self.activation, rounding),)

    def _spread(self, value: Array, weights: Array, y: Tensor) -> Array:
        """The sums. Filters are walked backwards: so each output adds its inputs in their order, as float32 needs."""
        sizes = [
            max((value.shape[1 + i] - 1) * self.stride[i] + weights.shape[1 + i], y.shape[1 + i] + self.padding[i][0])
            for i in (0, 1)
        ]
        acc = np.zeros((y.shape[0], *sizes, y.shape[3]), value.dtype)
        filters, depth = weights.shape[0], weights.shape[3]
        first = np.arange(filters) // (filters * depth // value.shape[3]) * depth  # channel of each filter's group
        (down, right), (height, width) = self.stride, value.shape[1:3]
        with np.errstate(over="ignore", invalid="ignore"):
            for p, q in reversed(list(np.ndindex(*weights.shape[1:3]))):
                place = acc[:, p : p + (height - 1) * down + 1 : down, q : q + (width - 1) * right + 1 : right]
                for c in range(depth):
                    place += value[..., first + c] * weights[:, p, q, c]
        (top, _), (left, _) = self.padding
        return acc[:, top : top + y.shape[1], left : left + y.shape[2]]
