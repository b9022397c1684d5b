"""Seeded convolutions and dense layers beyond what `graphs_dense.py` draws: corners that kernels must get right."""

from collections.abc import Callable
from dataclasses import replace

import graphs
import graphs_dense
import numpy as np
from graphs import Rng, graph_of, int8

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.common import Activation, out_size
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.pool2d import AveragePool2D


def asymmetric_window(kind: type[Conv2D] | type[DepthwiseConv2D]) -> Callable[[Rng], Graph]:
    """Convolutions with any padding on each side, even wider than the kernel, and with stride and dilation at once."""

    def build(rng: Rng) -> Graph:
        x = int8("x", (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 8), graphs.size(rng)), graphs.quant(rng))
        kernel, stride, dilation = ([int(rng.choice([1, 1, 2, 3])) for _ in range(2)] for _ in range(3))
        pads = [[int(rng.choice([0, 1, 2, 5])) for _ in range(2)] for _ in range(2)]
        for i in (0, 1):  # at least one place
            pads[i][1] += max(0, (kernel[i] - 1) * dilation[i] + 1 - x.shape[1 + i] - sum(pads[i]))
        out = [out_size(x.shape[1 + i], kernel[i], stride[i], dilation[i], tuple(pads[i])) for i in (0, 1)]
        many = int(rng.choice([1, 1, 2, 5])) if kind is DepthwiseConv2D else 0
        channels = x.shape[3] * many if many else graphs.size(rng)
        w_shape = (1, *kernel, channels) if many else (channels, *kernel, x.shape[3])
        w = graphs._weights(rng, w_shape, 3 if many else 0, bool(rng.random() < 0.7))
        bias, q = graphs._dense_parts(rng, x, w, channels)
        return graph_of(
            kind, [x, w, bias] if bias else [x, w], int8("y", (x.shape[0], *out, channels), q),
            stride=tuple(stride), dilation=tuple(dilation), padding=tuple(map(tuple, pads)),
            activation=graphs.activation(rng),
        )  # fmt: skip

    return build


def dilated(rng: Rng) -> Graph:
    """Depth-wise windows that lie inside the input, with another dilation and stride in each direction."""
    x = int8("x", (1, 9, 8, int(rng.choice([1, 3, 4, 6]))), graphs.quant(rng))
    kernel, (down, right) = (3, 2), rng.permutation([1, 2])
    dilation, stride = (int(down), int(right) + 1), (int(right), int(down))
    out = [out_size(x.shape[1 + i], kernel[i], stride[i], dilation[i], (0, 0)) for i in (0, 1)]
    w = graphs._weights(rng, (1, *kernel, x.shape[3]), 3, True)
    bias, q = graphs._dense_parts(rng, x, w, x.shape[3])
    y = int8("y", (1, *out, x.shape[3]), q)
    return graph_of(DepthwiseConv2D, [x, w, bias] if bias else [x, w], y, stride=stride, dilation=dilation)


def one_row_huge_dilation(rng: Rng) -> Graph:
    """Kernels of one row or one column, whose dilation there means nothing however large it is."""
    kind = (Conv2D, DepthwiseConv2D)[int(rng.integers(2))]
    x = int8("x", (1, 7, 6, int(rng.choice([3, 4, 5]))), graphs.quant(rng))
    channels = x.shape[3]
    wide = bool(rng.integers(2))
    kernel, dilation = ((1, 3), (2**31 - 1, 1)) if wide else ((3, 1), (1, 2**31 - 1))
    out = (7, 4) if wide else (5, 6)
    depthwise = kind is DepthwiseConv2D
    w = graphs._weights(rng, (1 if depthwise else channels, *kernel, channels), 3 if depthwise else 0, True)
    bias, q = graphs._dense_parts(rng, x, w, channels)
    y = int8("y", (1, *out, channels), q)
    return graph_of(kind, [x, w, bias] if bias else [x, w], y, stride=(1, 1), dilation=dilation)


def pointwise(rng: Rng) -> Graph:
    """1x1 convolutions that read every pixel once: dense layers with many rows."""
    x = int8("x", (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 5), graphs.size(rng)), graphs.quant(rng))
    channels = graphs.size(rng)
    w = graphs._weights(rng, (channels, 1, 1, x.shape[3]), 0, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, channels)
    y = int8("y", (*x.shape[:3], channels), q)
    return graph_of(Conv2D, [x, w, bias] if bias else [x, w], y, activation=graphs.activation(rng))


def one_pixel(rng: Rng) -> Graph:
    """The same for one pixel with many channels: four filters share each load of it."""
    x = int8("x", (1, 1, 1, int(rng.choice([16, 37, 64]))), graphs.quant(rng))
    channels = int(rng.choice([4, 7, 16]))
    w = graphs._weights(rng, (channels, 1, 1, x.shape[3]), 0, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, channels)
    y = int8("y", (1, 1, 1, channels), q)
    return graph_of(Conv2D, [x, w, bias] if bias else [x, w], y, activation=graphs.activation(rng))


def one_row(rng: Rng) -> Graph:
    """A dense layer for one long row."""
    x = int8("x", (1, int(rng.choice([16, 37, 64, 129]))), graphs.quant(rng))
    units = int(rng.choice([4, 7, 16]))
    w = graphs._weights(rng, (units, x.shape[1]), 0, bool(rng.random() < 0.4))
    bias, q = graphs._dense_parts(rng, x, w, units)
    y = int8("y", (1, units), q)
    return graph_of(FullyConnected, [x, w, bias] if bias else [x, w], y, activation=graphs.activation(rng))


def lowest_weights(rng: Rng) -> Graph:
    """-128 beside negative weights: two of them do not fit the 16 bits that hold two weights for sums in pairs."""
    graph = pointwise(rng)
    w = graph["w"]
    quant = w.quant if w.quant is None or rng.random() < 0.3 else Quant(w.quant.scale[:1], (0,))
    return graph.with_tensors(replace(w, quant=quant, data=rng.choice(np.array([-128, -1, 127], np.int8), w.shape)))


def single_channel(rng: Rng) -> Graph:
    """Depth-wise convolutions of one channel."""
    while True:
        graph = asymmetric_window(DepthwiseConv2D)(rng)
        if graph["x"].shape[3] == 1:
            return graph


def depthwise_3x3(rng: Rng) -> Graph:
    """What most networks have: 3x3, strides of 1 or 2, any padding, odd and even sizes."""
    batches, sizes = int(rng.choice([1, 2])), (int(s) for s in rng.integers(3, 10, 2))
    return _depthwise_3x3(rng, (batches, *sizes, int(rng.integers(2, 7))), 0)


def large_depthwise_3x3(rng: Rng) -> Graph:
    """The same, of channels that are too large to be kept whole."""
    return _depthwise_3x3(rng, (1, int(rng.choice([31, 33, 34])), int(rng.choice([19, 20])), 2), 1)


def _depthwise_3x3(rng: Rng, shape: tuple[int, ...], least_pad: int) -> Graph:
    x = int8("x", shape, graphs.quant(rng))
    stride = (int(rng.choice([1, 2])),) * 2
    pads = tuple(tuple(int(p) for p in rng.integers(least_pad, 3, 2)) for _ in range(2))
    out = [out_size(x.shape[1 + i], 3, stride[i], 1, pads[i]) for i in (0, 1)]
    w = graphs._weights(rng, (1, 3, 3, x.shape[3]), 3, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, x.shape[3])
    return graph_of(
        DepthwiseConv2D, [x, w, bias] if bias else [x, w], int8("y", (x.shape[0], *out, x.shape[3]), q),
        stride=stride, padding=pads, activation=graphs.activation(rng),
    )  # fmt: skip


def depthwise_windows(rng: Rng) -> Graph:
    """Long and large windows, with any stride or dilation, on planes of which some are too large to be kept whole."""
    kernel = ((1, 9), (9, 1), (5, 5), (2, 7), (4, 3), (1, 25), (31, 2))[int(rng.integers(7))]
    spread = [(int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 1, 2, 3]))) for _ in range(2)]
    stride, dilation = (spread[0], (1, 1)) if rng.random() < 0.5 else ((1, 1), spread[1])
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = tuple((int(rng.integers(0, r)), int(rng.integers(0, r))) for r in reach)
    sizes = [max(1, r - sum(p)) + int(rng.choice([0, 1, 3, 12, 24])) for r, p in zip(reach, pads, strict=True)]
    x = int8("x", (int(rng.choice([1, 1, 2])), *sizes, int(rng.choice([1, 2, 3]))), graphs.quant(rng))
    channels = x.shape[3] * int(rng.choice([1, 1, 2, 3]))
    out = [out_size(sizes[i], kernel[i], stride[i], dilation[i], pads[i]) for i in (0, 1)]
    w = graphs._weights(rng, (1, *kernel, channels), 3, bool(rng.random() < 0.7))
    bias, q = graphs._dense_parts(rng, x, w, channels)
    return graph_of(
        DepthwiseConv2D, [x, w, bias] if bias else [x, w], int8("y", (x.shape[0], *out, channels), q),
        stride=stride, dilation=dilation, padding=pads, activation=graphs.activation(rng),
    )  # fmt: skip


def dead_channels(rng: Rng) -> Graph:
    """Some filters are all zero; their scales, and so their biases, are absurd."""
    x = int8("x", (1, 3, 3, int(rng.integers(1, 12))), graphs.quant(rng))
    channels = int(rng.integers(2, 10))
    dead = rng.random(channels) < 0.5
    scales = np.where(dead, 10.0 ** rng.uniform(-12, 2, channels), 0.01).astype(np.float32)
    codes = graphs.codes(rng, (channels, 1, 1, x.shape[3])) * ~dead[:, None, None, None]
    w = int8("w", codes.shape, Quant(tuple(map(float, scales)), (0,) * channels, 0), codes.astype(np.int8))
    values = np.where(dead, rng.integers(-(2**30), 2**30, channels), rng.integers(-500, 500, channels))
    bias = Tensor("bias", (channels,), "int32", None, values.astype(np.int32))
    y = int8("y", (1, 3, 3, channels), graphs.quant(rng))
    return graph_of(Conv2D, [x, w, bias], y, activation=graphs.activation(rng))


def huge_bias(rng: Rng) -> Graph:
    """Accumulators that reach almost 2^31, or 2^30, with multipliers of every size up to almost 1."""
    depth, units = graphs.size(rng), graphs.size(rng)
    x = int8("x", (graphs.size(rng, 3), depth), graphs.quant(rng))
    w = int8("w", (units, depth), Quant((1.0,), (0,)), np.maximum(graphs.codes(rng, (units, depth)), -127))
    largest = (1 << int(rng.choice([29, 30, 31, 31]))) - 1 - 127 * 256 * depth
    biases = rng.choice([-largest, largest, largest - 12345], units).astype(np.int32)
    bias = Tensor("b", (units,), "int32", data=biases)
    factor = rng.choice([1.0000001, 3.0, 2.0**22, 1.01 * 2.0**30, 1.01 * 2.0**30, 10 ** rng.uniform(0, 9)])
    y = Quant((float(np.float32(x.scale * factor)),), (graphs.zero_point(rng),))
    return graph_of(FullyConnected, [x, w, bias], int8("y", (x.shape[0], units), y))


def crossing_bounds(rng: Rng) -> Graph:
    """An activation whose bounds lie outside int8, or between two codes."""
    x = int8("x", (2, 3), Quant((1.0,), (0,)))
    w = int8("w", (5, 3), Quant((1.0,), (0,)), graphs.codes(rng, (5, 3)))
    y = int8("y", (2, 5), Quant((float(rng.choice([0.01, 5.0, 1000.0])),), (graphs.zero_point(rng),)))
    kind = Activation[str(rng.choice(["RELU", "RELU6", "RELU_N1_TO_1"]))]
    return graph_of(FullyConnected, [x, w], y, activation=kind)


def wide_weights(build: Callable[[Rng], Graph]) -> Callable[[Rng], Graph]:
    """What the front end makes of uint8 models: weights less a zero point, which need 9 bits; pools that round up."""

    def as_wide(rng: Rng) -> Graph:
        graph = build(rng)
        (op,) = graph.ops
        if isinstance(op, AveragePool2D):
            return replace(graph, ops=(replace(op, ties_upwards=True),))
        w = graph["w"]
        assert w.data is not None
        low, high = sorted(int(v) for v in rng.choice([-255, -128, -3, 0, 7, 255], 2))
        return graph.with_tensors(replace(w, dtype="int16", data=rng.integers(low, high + 1, w.shape).astype(np.int16)))

    return as_wide


_UINT8 = {
    "AveragePool2D uint8": graphs.BUILDERS["AveragePool2D"],
    "Conv2D uint8": asymmetric_window(Conv2D),
    "Conv2D grouped uint8": graphs_dense.grouped,
    "Conv2D pointwise uint8": pointwise,
    "DepthwiseConv2D uint8": asymmetric_window(DepthwiseConv2D),
    "FullyConnected uint8": graphs.fully_connected,
    "TransposeConv uint8": graphs_dense.transpose_conv,
}

HARD: dict[str, Callable[[Rng], Graph]] = {
    "Conv2D of one row with a huge dilation": one_row_huge_dilation,
    "Conv2D asymmetric": asymmetric_window(Conv2D),
    "Conv2D asymmetric float32": graphs_dense.real(asymmetric_window(Conv2D)),
    "Conv2D asymmetric int16": graphs_dense.wide(asymmetric_window(Conv2D)),
    "Conv2D dead channels": dead_channels,
    "Conv2D lowest weights": lowest_weights,
    "Conv2D pointwise": pointwise,
    "Conv2D pointwise float32": graphs_dense.real(pointwise),
    "Conv2D pointwise int16": graphs_dense.wide(pointwise),
    "Conv2D one pixel": one_pixel,
    "Conv2D one pixel int16": graphs_dense.wide(one_pixel),
    "DepthwiseConv2D 3x3": depthwise_3x3,
    "DepthwiseConv2D 3x3 large": large_depthwise_3x3,
    "DepthwiseConv2D windows": depthwise_windows,
    "DepthwiseConv2D asymmetric": asymmetric_window(DepthwiseConv2D),
    "DepthwiseConv2D dilated": dilated,
    "DepthwiseConv2D dilated float32": graphs_dense.real(dilated),
    "DepthwiseConv2D dilated int16": graphs_dense.wide(dilated),
    "DepthwiseConv2D single channel": single_channel,
    "DepthwiseConv2D single channel float32": graphs_dense.real(single_channel),
    "DepthwiseConv2D single channel int16": graphs_dense.wide(single_channel),
    "FullyConnected bounds": crossing_bounds,
    "FullyConnected huge": huge_bias,
    "FullyConnected one row": one_row,
    "FullyConnected one row int16": graphs_dense.wide(one_row),
    **{name: wide_weights(build) for name, build in _UINT8.items()},
}
