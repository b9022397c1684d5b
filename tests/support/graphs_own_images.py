"""Seeded graphs of convolutions and pools that no .tflite file can say."""

from dataclasses import replace

import graphs
import graphs_dense
import numpy as np
from graphs import Rng
from graphs_dense import Builder

from aot.graph.ir import Graph, Tensor
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


OWN: dict[str, Builder] = {"TransposeConv grouped float32": graphs_dense.real(grouped_transpose_conv)}
# The same of integers, whose definition in each rounding is that of one group.
INTEGER: dict[str, Builder] = {
    "TransposeConv grouped": grouped_transpose_conv,
    "TransposeConv grouped int16": graphs_dense.wide(grouped_transpose_conv),
}
