"""Seeded graphs of convolutions and pools that no .tflite file can say."""

from dataclasses import replace

import graphs
import graphs_dense
import numpy as np
from graphs import Rng
from graphs_dense import Builder

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.common import out_size
from aot.ops.pool2d import AveragePool2D, MaxPool2D, Pool2D
from aot.ops.transpose_conv import TransposeConv


def grouped_transpose_conv(rng: Rng) -> Graph:
    """In 2 to 4 groups, each as large as what `graphs_dense.transpose_conv` draws."""
    graph = graphs_dense.transpose_conv(rng)
    (op,) = graph.ops
    assert isinstance(op, TransposeConv)
    x, w, b, y = op.operands(graph)
    groups = int(rng.integers(2, 5))
    x = replace(x, shape=(*x.shape[:3], x.shape[3] * groups))
    w, y = _repeated(w, groups, 0), replace(y, shape=(*y.shape[:3], y.shape[3] * groups))
    biases = [] if b is None else [_repeated(b, groups, 0)]
    return graphs.graph_of(TransposeConv, [x, w, *biases], y, **{
        name: getattr(op, name) for name in ("stride", "padding", "activation")
    })  # fmt: skip


def _repeated(t: Tensor, times: int, axis: int) -> Tensor:
    """Constants several times, but never the same."""
    data = np.concatenate([np.roll(t.values, i) for i in range(times)], axis)
    quant = t.quantization
    if quant.per_channel:
        quant = replace(quant, scale=quant.scale * times, zero_point=quant.zero_point * times)
    return replace(t, shape=data.shape, data=data, quant=quant)


def dilated_pool(kind: type[Pool2D], dtype: str) -> Builder:
    """Windows with holes, of any padding that leaves each a tap inside."""

    def build(rng: Rng) -> Graph:
        dims = (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 9), int(rng.choice([1, 3, 4, 8])))
        quant = {"int8": graphs.quant(rng), "int16": Quant((0.01,), (0,)), "float32": None}[dtype]
        kernel, stride = (tuple(int(v) for v in rng.integers(1, 4, 2)) for _ in range(2))
        dilation = [(1, 2), (2, 1), (2, 2), (3, 2), (1, 3)][int(rng.integers(0, 5))]
        span = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        pads = tuple((int(rng.integers(0, s)), int(rng.integers(0, s))) for s in span)
        out = (max(out_size(dims[1 + i], span[i], stride[i], 1, pads[i]), 1) for i in (0, 1))
        x, y = (Tensor(n, s, dtype, quant) for n, s in (("x", dims), ("y", (dims[0], *out, dims[3]))))
        attributes = {"kernel": kernel, "dilation": dilation, "stride": stride, "padding": pads}
        return graphs.graph_of(kind, [x], y, activation=graphs.activation(rng), **attributes)

    return build


OWN: dict[str, Builder] = {
    "TransposeConv grouped float32": graphs_dense.real(grouped_transpose_conv),
    **{f"MaxPool2D dilated {dtype}": dilated_pool(MaxPool2D, dtype) for dtype in MaxPool2D.types},
    **{f"AveragePool2D dilated {dtype}": dilated_pool(AveragePool2D, dtype) for dtype in AveragePool2D.types},
}
# The same of integers, whose definition in each rounding is that of one group.
INTEGER: dict[str, Builder] = {
    "TransposeConv grouped": grouped_transpose_conv,
    "TransposeConv grouped int16": graphs_dense.wide(grouped_transpose_conv),
}
