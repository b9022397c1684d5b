"""Convolutions over sequences and images."""

import numpy as np

from aot.frontends.building import Order, Value
from aot.frontends.keras.layers.activation import activated
from aot.frontends.keras.layers.common import both, from_image, image
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Array, Unsupported
from aot.ops.common import Pads, out_size, require, same_pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.transpose_conv import TransposeConv

_FILTER_FIRST: Order = (3, 0, 1, 2)  # of weights [row, column, channel, filter]
Pair = tuple[int, int]


def padding(call: Call, size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Pads:
    """The padding that the layer says by a word."""
    word = call.layer.text("padding", "valid")
    if word == "same":
        rows, columns = (same_pads(size[i], kernel[i], stride[i], dilation[i]) for i in (0, 1))
        return rows, columns
    if word == "causal":
        return (0, 0), ((kernel[1] - 1) * dilation[1], 0)
    require(word == "valid", f"padding {word}")
    return (0, 0), (0, 0)


def _weights(call: Call, dims: int, name: str, *others: str) -> tuple[Value, list[Value], Value | None]:
    """The kernel as [row, column, ...], further weights, and the bias where there is one."""
    names = [name, *others, *(["bias"] if call.layer.flag("use_bias", True) else [])]
    first, *rest = call.variables(*names)
    require(first.rank == dims + 2, f"{name} has {first.rank} dimensions; expected {dims + 2}")
    wide = [as_rows(v, dims) for v in (first, *rest[: len(others)])]
    return wide[0], wide[1:], rest[-1] if len(rest) > len(others) else None


def as_rows(kernel: Value, dims: int) -> Value:
    """A kernel over steps, as one of one row."""
    if dims == 2:
        return kernel
    reshaped = kernel.reshaped((1, *kernel.shape))
    assert reshaped is not None
    return reshaped


def _places(x: Value, kernel: Pair, stride: Pair, dilation: Pair, pads: Pads) -> Pair:
    size = x.shape[1], x.shape[2]
    down, right = (out_size(size[i], kernel[i], stride[i], dilation[i], pads[i]) for i in (0, 1))
    require(min(down, right) >= 1, f"windows of {kernel} do not fit an input of {size}")
    return down, right


def _convolved(call: Call, x: Value, w: Value, bias: Value | None, stride: Pair, dilation: Pair) -> Value:
    """`w` [row, column, channel, filter]; where it has fewer channels than x, there are groups."""
    build, channels = call.build, x.shape[3]
    kernel, filters = (w.shape[0], w.shape[1]), w.shape[3]
    require(channels % w.shape[2] == 0, f"{channels} channels, weights for {w.shape[2]}")
    pads = padding(call, (x.shape[1], x.shape[2]), kernel, stride, dilation)
    by_channel = w.shape[2] == 1 < channels
    weights = build.stored(w, (2, 0, 1, 3) if by_channel else _FILTER_FIRST)
    return build.emit(
        DepthwiseConv2D if by_channel else Conv2D,
        (build.stored(x), weights, None if bias is None else build.stored(bias)),
        (x.shape[0], *_places(x, kernel, stride, dilation, pads), filters),
        stride=stride, dilation=dilation, padding=pads,
    )  # fmt: skip


def _conv(dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = image(call, dims)
        w, _, bias = _weights(call, dims, "kernel")
        groups = call.layer.integer("groups", 1)
        require(x.shape[3] == groups * w.shape[2], f"{x.shape[3]} channels, {groups} groups of {w.shape[2]}")
        y = _convolved(call, x, w, bias, both(call, "strides", dims, 1), both(call, "dilation_rate", dims, 1))
        return activated(call, from_image(call, y, dims), call.layer.config.get("activation"))

    return read


def _by_channel(call: Call, x: Value, w: Value, bias: Value | None, dims: int) -> Value:
    """`w` [row, column, channel, multiplier]."""
    rows, columns, channels, multiplier = w.shape
    require(channels == x.shape[3], f"{x.shape[3]} channels, weights for {channels}")
    stride, dilation = both(call, "strides", dims, 1), both(call, "dilation_rate", dims, 1)
    pads = padding(call, (x.shape[1], x.shape[2]), (rows, columns), stride, dilation)
    flat = w.reshaped((1, rows, columns, channels * multiplier))
    assert flat is not None
    return call.build.emit(
        DepthwiseConv2D,
        (call.build.stored(x), call.build.stored(flat), None if bias is None else call.build.stored(bias)),
        (x.shape[0], *_places(x, (rows, columns), stride, dilation, pads), channels * multiplier),
        stride=stride, dilation=dilation, padding=pads,
    )  # fmt: skip


def _depthwise(dims: int) -> Reader:
    def read(call: Call) -> Value:
        w, _, bias = _weights(call, dims, "kernel")
        y = _by_channel(call, image(call, dims), w, bias, dims)
        return activated(call, from_image(call, y, dims), call.layer.config.get("activation"))

    return read


def _separable(dims: int) -> Reader:
    def read(call: Call) -> Value:
        w, (point,), bias = _weights(call, dims, "depthwise_kernel", "pointwise_kernel")
        inner = _by_channel(call, image(call, dims), w, None, dims)
        require(point.shape[:3] == (1, 1, inner.shape[3]), f"pointwise weights of shape {list(point.shape)}")
        y = call.build.emit(
            Conv2D,
            (
                call.build.stored(inner),
                call.build.stored(point, _FILTER_FIRST),
                None if bias is None else call.build.stored(bias),
            ),
            (*inner.shape[:3], point.shape[3]),
        )
        return activated(call, from_image(call, y, dims), call.layer.config.get("activation"))

    return read


def _transposed(dims: int) -> Reader:
    def read(call: Call) -> Value:
        x = image(call, dims)
        w, _, bias = _weights(call, dims, "kernel")
        stride, dilation = both(call, "strides", dims, 1), both(call, "dilation_rate", dims, 1)
        w = call.constant(_dilated(w.array, dilation), "kernel") if max(dilation) > 1 else w
        require(w.shape[3] == x.shape[3], f"{x.shape[3]} channels, weights for {w.shape[3]}")
        sides = [_side(call, dims, i, x.shape[1 + i], w.shape[i], stride[i]) for i in (0, 1)]
        y = call.build.emit(
            TransposeConv,
            (
                call.build.stored(x),
                call.build.stored(w, (2, 0, 1, 3)),
                None if bias is None else call.build.stored(bias),
            ),
            (x.shape[0], *(size for size, _ in sides), w.shape[2]),
            stride=stride, padding=tuple(pads for _, pads in sides),
        )  # fmt: skip
        return activated(call, from_image(call, y, dims), call.layer.config.get("activation"))

    return read


def _dilated(kernel: Array, dilation: Pair) -> Array:
    """A kernel [row, column, ...] with zeros between its taps."""
    rows, columns = ((kernel.shape[i] - 1) * dilation[i] + 1 for i in (0, 1))
    require(rows * columns <= 1 << 16, f"dilation {dilation}")
    wide = np.zeros((rows, columns, *kernel.shape[2:]), kernel.dtype)
    wide[:: dilation[0], :: dilation[1]] = kernel
    return wide


def _side(call: Call, dims: int, axis: int, size: int, kernel: int, stride: int) -> tuple[int, Pair]:
    """How long the result is along an axis, and what is cut off the sums before and behind it."""
    word = call.layer.text("padding", "valid")
    require(word in ("same", "valid"), f"padding {word}")
    whole = (size - 1) * stride + kernel
    if call.layer.has("output_padding"):
        extra = call.layer.integers("output_padding", dims)
        more = extra[axis] if dims == 2 else (0, extra[0])[axis]
        after = whole + more - (2 * (kernel // 2) if word == "same" else 0)
    else:
        after = size * stride if word == "same" else size * stride + max(kernel - stride, 0)
    before = max(whole - after, 0) // 2 if word == "same" else 0
    if after < 1:
        raise Unsupported("nothing is left of the result")
    return after, (before, max(whole - before - after, 0))


READERS: dict[str, Reader] = {
    "Conv1D": _conv(1),
    "Conv1DTranspose": _transposed(1),
    "Conv2D": _conv(2),
    "Conv2DTranspose": _transposed(2),
    "DepthwiseConv1D": _depthwise(1),
    "DepthwiseConv2D": _depthwise(2),
    "SeparableConv1D": _separable(1),
    "SeparableConv2D": _separable(2),
}
