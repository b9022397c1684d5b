"""Seeded graphs of convolutions, dense layers, pools and reductions: beyond int8, and in groups."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import graphs
import numpy as np
from graphs import Rng, graph_of

from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import same_pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Reduction, Sum
from aot.ops.softmax import Softmax
from aot.ops.transpose_conv import TransposeConv

Builder = Callable[[Rng], Graph]


def symmetric(rng: Rng) -> Quant:
    """What int16 tensors have."""
    return Quant((graphs.scale(rng),), (0,))


def tensor(name: str, dims: tuple[int, ...], dtype: str, quant: Quant) -> Tensor:
    """Of any type; reals and plain integers have no scale."""
    return Tensor(name, dims, dtype, quant if dtype in ("int8", "uint8", "int16") else None)


def real(build: Builder) -> Builder:
    """The graphs of an int8 builder with every tensor in float32."""

    def as_real(rng: Rng) -> Graph:
        graph = build(rng)
        return graph.with_tensors(*(_real(rng, t) for t in graph.tensors.values()))

    return as_real


def _real(rng: Rng, t: Tensor) -> Tensor:
    data = None if t.data is None else rng.normal(size=t.shape).astype(np.float32)
    return replace(t, dtype="float32", quant=None, data=data)


def wide(build: Builder, narrow_bias: bool = False) -> Builder:
    """The graphs of an int8 builder with int16 activations, and biases of 64 or 32 bits."""

    def as_wide(rng: Rng) -> Graph:
        graph = build(rng)
        (op,) = graph.ops
        x, w, b, y = op.operands(graph)  # type: ignore[attr-defined] # a dense operator
        x = Tensor(x.name, x.shape, "int16", Quant((float(np.float32(10 ** rng.uniform(-4, -1))),), (0,)))
        spread = x.scale * max(w.quant.scale) * np.sqrt(w.elements // len(w.quant.scale)) * 30
        factor = 10 ** rng.uniform(-2, 1.5) if rng.random() < 0.8 else float(rng.choice([1e-3, 1e3, 1e6]))
        y = Tensor(y.name, y.shape, "int16", Quant((float(np.float32(spread * factor)),), (0,)))
        tensors = [x, y]
        if b is not None:
            size = 10 ** rng.uniform(1, 5 if narrow_bias else rng.choice([5, 9, 12]))
            data = (rng.uniform(-1, 1, b.shape) * size).astype("int32" if narrow_bias else "int64")
            tensors.append(Tensor(b.name, b.shape, data.dtype.name, b.quant, data))
        return graph.with_tensors(*tensors)

    return as_wide


def grouped(rng: Rng) -> Graph:
    """Convolutions in 2 to 5 groups."""
    groups, inputs, outputs = (int(rng.integers(low, 6)) for low in (2, 1, 1))
    x = graphs.int8("x", (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 9), groups * inputs), graphs.quant(rng))
    kernel, stride, dilation, pads, out = graphs._window(rng, x.shape, True)
    channels = groups * outputs
    w = graphs._weights(rng, (channels, *kernel, inputs), 0, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, channels, optional=False)
    y = graphs.int8("y", (x.shape[0], *out, channels), q)
    attributes = {"stride": stride, "dilation": dilation, "padding": pads, "activation": graphs.activation(rng)}
    return graph_of(Conv2D, [x, w, bias], y, **attributes)


def transpose_conv(rng: Rng) -> Graph:
    """Strides up to 3, sizes of the output that fit SAME or VALID, and others."""
    x = graphs.int8("x", (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 5), graphs.size(rng, 9)), graphs.quant(rng))
    kernel, stride = ([int(rng.choice([1, 2, 3, 4])) for _ in range(2)] for _ in range(2))
    same = bool(rng.random() < 0.5)
    out = []
    for n, k, s in zip(x.shape[1:3], kernel, stride, strict=True):
        out.append(n * s - int(rng.integers(0, s)) if same else (n - 1) * s + k + int(rng.integers(0, s)))
    pads = tuple(same_pads(out[i], kernel[i], stride[i], 1) if same else (0, 0) for i in (0, 1))
    channels = graphs.size(rng, 9)
    w = graphs._weights(rng, (channels, *kernel, x.shape[3]), 0, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, channels)
    y = graphs.int8("y", (x.shape[0], *out, channels), q)
    inputs = [x, w, bias] if bias else [x, w]
    kind = graphs.activation(rng)
    return graph_of(TransposeConv, inputs, y, stride=tuple(stride), padding=pads, activation=kind)


def batch_matmul(dtype: str) -> Builder:
    """Batches that broadcast, either matrix transposed, the second one constant at times."""

    def build(rng: Rng) -> Graph:
        rows, depth, columns = (graphs.size(rng) for _ in range(3))
        adjoint = [bool(rng.random() < 0.5) for _ in range(2)]
        batches = graphs.shape(rng, int(rng.integers(0, 3)), 4)
        own = [tuple(1 if rng.random() < 0.3 else d for d in batches) for _ in range(2)]
        own[1] = own[1][int(rng.integers(0, len(batches) + 1)) :]
        dims = (*own[0], *((depth, rows) if adjoint[0] else (rows, depth)))
        a = tensor("a", dims, dtype, graphs.quant(rng) if dtype == "int8" else symmetric(rng))
        dims = (*own[1], *((columns, depth) if adjoint[1] else (depth, columns)))
        b = tensor("b", dims, dtype, graphs.quant(rng) if dtype == "int8" else symmetric(rng))
        if rng.random() < 0.2:
            b = replace(b, data=graphs.values(rng, b))
        y = Tensor("y", (*np.broadcast_shapes(*own), rows, columns), dtype)
        if a.quant is not None:
            spread = a.scale * b.scale * np.sqrt(depth) * (50 if dtype == "int8" else 1e4) * 10 ** rng.uniform(-1, 1)
            zero = graphs.zero_point(rng) if dtype == "int8" else 0
            y = replace(y, quant=Quant((float(np.float32(spread)),), (zero,)))
        return graph_of(BatchMatMul, [a, b], y, adj_x=adjoint[0], adj_y=adjoint[1])

    return build


def pool(kind: type[Op], dtype: str) -> Builder:
    """Pools of any type."""

    def build(rng: Rng) -> Graph:
        dims = (int(rng.choice([1, 1, 2])), *graphs.shape(rng, 2, 13), graphs.size(rng))
        q = symmetric(rng)
        kernel, stride, _, pads, out = graphs._window(rng, dims, False)
        attributes = {"kernel": kernel, "stride": stride, "padding": pads, "activation": graphs.activation(rng)}
        return graph_of(
            kind, [tensor("x", dims, dtype, q)], tensor("y", (dims[0], *out, dims[3]), dtype, q), **attributes
        )

    return build


def reduction(kind: type[Reduction], dtype: str) -> Builder:
    """Any axes, kept or not; a third of the cases is over height and width, a tenth over all."""

    def build(rng: Rng) -> Graph:
        dims = graphs.shape(rng, int(rng.integers(1, 5)), 7)
        axes = tuple(sorted(int(a) for a in rng.permutation(len(dims))[: int(rng.integers(1, len(dims) + 1))]))
        if rng.random() < 0.34:
            dims, axes = graphs.shape(rng, 4, 7), (1, 2)
        elif rng.random() < 0.1:
            axes = tuple(range(len(dims)))
        keep = bool(rng.random() < 0.5)
        kept = tuple(1 if i in axes else d for i, d in enumerate(dims))
        out = kept if keep else tuple(d for i, d in enumerate(dims) if i not in axes)
        q = graphs.quant(rng) if dtype == "int8" else symmetric(rng)
        y_quant = q
        if kind.rescales and rng.random() < 0.7:
            y_quant = graphs.near(rng, q) if dtype == "int8" else Quant(graphs.near(rng, q).scale, (0,))
        if kind is ReduceProd:
            q, y_quant = _product(rng, dtype, q, math.prod(dims[a] for a in axes))
        y = tensor("y", out, dtype, y_quant)
        return graph_of(kind, [tensor("x", dims, dtype, q)], y, axes=axes, keep_dims=keep)

    return build


def _product(rng: Rng, dtype: str, x: Quant, count: int) -> tuple[Quant, Quant]:
    """Scales with which a product of `count` elements neither vanishes nor leaves 32 bits on its way."""
    codes = 128 if dtype == "int8" else 32768
    most = (2**30 / codes) ** (1 / count) / (2 * codes)  # LiteRT lets larger ones wrap around
    typical = codes ** (1 / count) / (codes / math.e) * float(rng.uniform(0.6, 1.4))
    step = typical if count == 1 else min(typical, most)
    y_scale = float(10 ** rng.uniform(-8, 8))
    scale = float(np.float32(step * y_scale ** (1 / count)))
    zero = 0 if dtype == "int16" else graphs.zero_point(rng)
    return Quant((scale,), x.zero_point), Quant((float(np.float32(y_scale)),), (zero,))


def softmax_float(rng: Rng) -> Graph:
    """Rows of up to 300 classes, in float32."""
    dims = (*graphs.shape(rng, int(rng.integers(0, 3))), int(rng.choice([1, 2, 3, 10, 12, 101, 300])))
    beta = 1.0 if rng.random() < 0.7 else float(np.float32(rng.uniform(0.1, 3)))
    return graph_of(Softmax, [Tensor("x", dims, "float32")], Tensor("y", dims, "float32"), beta=beta)


def _of(kind: type[Any], build: Callable[[type[Any], str], Builder], *dtypes: str) -> dict[str, Builder]:
    return {f"{kind.__name__} {dtype}": build(kind, dtype) for dtype in dtypes}


_LAYERS = (
    (Conv2D, graphs.conv2d),
    (DepthwiseConv2D, graphs.depthwise_conv2d),
    (FullyConnected, graphs.fully_connected),
)


def softmax_int16(rng: Rng) -> Graph:
    """int8 rows, int16 probabilities."""
    graph = graphs.softmax(rng)
    return graph.with_tensors(Tensor("y", graph["y"].shape, "int16", Quant((1 / 65536,), (-32768,))))


def log_softmax(rng: Rng, graph: Graph) -> Graph:
    """As softmax."""
    y = graph["y"] if graph["y"].dtype == "float32" else graphs.int8("y", graph["y"].shape, Quant((1 / 16,), (127,)))
    return graph_of(LogSoftmax, [graph["x"]], y)


def softmax_of_int16(rng: Rng) -> Graph:
    """Flat and steep rows, also of one element."""
    dims = (*graphs.shape(rng, int(rng.integers(0, 3))), int(rng.choice([1, 2, 3, 10, 12, 101, 300])))
    x = Tensor("x", dims, "int16", Quant((float(np.float32(10 ** rng.uniform(-6, 0.3))),), (0,)))
    beta = 1.0 if rng.random() < 0.7 else float(np.float32(rng.uniform(0.1, 2)))
    return graph_of(Softmax, [x], Tensor("y", dims, "int16", Quant((1 / 32768,), (0,))), beta=beta)


def l2_normalization_int8(rng: Rng) -> Graph:
    """Any zero point; a row may be nothing but it."""
    dims = graphs.shape(rng, int(rng.integers(1, 6)), 7)
    x, y = graphs.int8("x", dims, graphs.quant(rng)), graphs.int8("y", dims, Quant((1 / 128,), (0,)))
    return graph_of(L2Normalization, [x], y)


def l2_normalization(rng: Rng) -> Graph:
    """Rows of up to 5 dimensions."""
    dims = graphs.shape(rng, int(rng.integers(1, 6)), 7)
    return graph_of(L2Normalization, [Tensor("x", dims, "float32")], Tensor("y", dims, "float32"))


DENSE: dict[str, Builder] = {
    **{f"{kind.__name__} float32": real(build) for kind, build in _LAYERS},
    **{f"{kind.__name__} int16": wide(build) for kind, build in _LAYERS},
    "Conv2D int16 narrow": wide(graphs.conv2d, narrow_bias=True),
    "Conv2D grouped": grouped,
    "Conv2D grouped float32": real(grouped),
    "Conv2D grouped int16": wide(grouped),
    **{f"BatchMatMul {dtype}": batch_matmul(dtype) for dtype in ("int8", "int16", "float32")},
    "TransposeConv": transpose_conv,
    "TransposeConv float32": real(transpose_conv),
    "TransposeConv int16": wide(transpose_conv),
    **_of(AveragePool2D, pool, "int16", "float32"),
    **_of(MaxPool2D, pool, "int16", "float32"),
    **_of(L2Pool2D, pool, "float32"),
    **_of(Mean, reduction, "int16", "float32", "int32", "int64"),
    **_of(Sum, reduction, "int8", "int16", "float32", "int32", "int64"),
    **_of(ReduceMax, reduction, "int8", "uint8", "int16", "float32", "int32", "int64", "bool"),
    **_of(ReduceMin, reduction, "int8", "uint8", "int16", "float32", "int32", "int64", "bool"),
    **_of(ReduceProd, reduction, "float32", "int8", "int16", "int32", "int64"),
    **_of(ReduceAny, reduction, "bool"),
    **_of(ReduceAll, reduction, "bool"),
    "L2Normalization float32": l2_normalization,
    "L2Normalization int8": l2_normalization_int8,
    "LogSoftmax float32": lambda rng: log_softmax(rng, softmax_float(rng)),
    "LogSoftmax int8": lambda rng: log_softmax(rng, graphs.softmax(rng)),
    "Softmax float32": softmax_float,
    "Softmax int16": softmax_int16,
    "Softmax int16 int16": softmax_of_int16,
}


def small_dense() -> Graph:
    """One layer of three units, small enough to read what it becomes."""
    x = graphs.int8("x", (1, 4), Quant((0.5,), (-3,)))
    w = graphs.int8("w", (3, 4), Quant((0.25,), (0,)), np.arange(-6, 6, dtype=np.int8).reshape(3, 4))
    y = graphs.int8("y", (1, 3), Quant((1.0,), (7,)))
    return replace(graph_of(FullyConnected, [x, w], y), name="dense")
