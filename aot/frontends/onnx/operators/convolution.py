"""Convolutions."""

import math
from dataclasses import replace

import numpy as np

from aot.frontends.building import Order, Value
from aot.frontends.onnx.operators.images import CHANNELS_LAST, along_both, as_before, as_image, explicit_pads, pads_of
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Array, Quant, Unsupported
from aot.ops.common import Pads, out_size, require
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.transpose_conv import TransposeConv

_FILTER_FIRST: Order = (0, 2, 3, 1)  # of weights [filter, channel, row, column]
_MOST_WEIGHTS = 1 << 24
_FILTER_LAST: Order = (1, 2, 3, 0)


def _conv(call: Call) -> Value:
    node, build, rank = call.node, call.build, call.input(0).rank
    x, w = as_image(build, call.input(0)), as_image(build, call.input(1))
    group, kernel, size = node.integer("group", 1), (w.shape[2], w.shape[3]), (x.shape[2], x.shape[3])
    stride, dilation = along_both(node, "strides", rank), along_both(node, "dilations", rank)
    require(min(*stride, *dilation) >= 1, f"strides {stride}, dilations {dilation}")
    require(x.shape[1] == group * w.shape[1], f"{x.shape[1]} channels, {group} groups of {w.shape[1]}")
    pads = pads_of(node, rank, size, kernel, stride, dilation)
    places = [out_size(size[i], kernel[i], stride[i], dilation[i], pads[i]) for i in (0, 1)]
    require(min(places) >= 1, f"windows of {kernel} do not fit an image of {size}")
    by_channel = group == x.shape[1] and group > 1
    y = build.emit(
        DepthwiseConv2D if by_channel else Conv2D,
        (
            build.stored(x, CHANNELS_LAST),
            build.stored(w, _FILTER_LAST if by_channel else _FILTER_FIRST),
            bias_of(call, 2),
        ),
        (x.shape[0], w.shape[0], *places),
        order=CHANNELS_LAST,
        stride=stride,
        dilation=dilation,
        padding=pads,
    )
    return as_before(call, y, rank)


def bias_of(call: Call, index: int) -> str | None:
    """The tensor of an optional bias."""
    return call.build.stored(call.input(index)) if call.has(index) else None


def _conv_transpose(call: Call) -> Value:
    """Gaps in the weights are zeros, as are rows that are added to the result."""
    node, build, rank = call.node, call.build, call.input(0).rank
    x, w = as_image(build, call.input(0)), as_image(build, call.input(1))
    group, stride = node.integer("group", 1), along_both(node, "strides", rank)
    require(
        group >= 1 and x.shape[1] % group == 0 and w.shape[0] == x.shape[1], f"{x.shape[1]} channels, {group} groups"
    )
    if not w.constant:
        raise Unsupported(f"the weights (%{w.label}) is not constant")
    dilation = along_both(node, "dilations", rank)
    kernel = _spread(w, dilation)
    pads, missing = _transposed_pads(call, rank, (x.shape[2], x.shape[3]), kernel, stride)
    kernel = (kernel[0] + missing[0], kernel[1] + missing[1])
    require(math.prod((*w.shape[:2], *kernel)) <= _MOST_WEIGHTS, f"weights of {kernel}, with zeros in between")
    places = [(x.shape[2 + i] - 1) * stride[i] + kernel[i] - sum(pads[i]) for i in (0, 1)]
    require(min(places) >= 1, f"an image of {places}")
    filters = _by_filter(w, group, kernel, dilation)
    y = build.emit(
        TransposeConv,
        (build.stored(x, CHANNELS_LAST), build.stored(filters, _FILTER_FIRST), bias_of(call, 2)),
        (x.shape[0], group * w.shape[1], *places),
        order=CHANNELS_LAST,
        stride=stride,
        padding=pads,
    )
    return as_before(call, y, rank)


def _spread(w: Value, dilation: tuple[int, int]) -> tuple[int, int]:
    """The size of a filter with zeros between its rows and columns."""
    require(min(dilation) >= 1, f"dilations {dilation}")
    return (w.shape[2] - 1) * dilation[0] + 1, (w.shape[3] - 1) * dilation[1] + 1


def _by_filter(w: Value, group: int, kernel: tuple[int, int], dilation: tuple[int, int]) -> Value:
    """Weights [channel, filter of the group, row, column] as [filter, channel of the group, row, column].

    They fill a larger kernel with zeros between and behind them. Codes go the same way if that leaves them scales for
    each filter.
    """
    quant = None if w.quant is None else _quant_by_filter(w.quant, w, group)
    data = _rearranged(w.array, 0, group, kernel, dilation)
    codes = None
    if w.codes is not None and quant is not None:
        codes = _rearranged(w.codes, quant.zero_point[0], group, kernel, dilation)
    return replace(w, data=data, shape=data.shape, codes=codes, quant=None if codes is None else quant)


def _rearranged(w: Array, zero: int, group: int, kernel: tuple[int, int], dilation: tuple[int, int]) -> Array:
    inputs, filters = w.shape[:2]
    rows, columns = _spread_rows(w.shape[2], dilation[0]), _spread_rows(w.shape[3], dilation[1])
    spread = np.full((inputs, filters, *kernel), zero, w.dtype)
    spread[:, :, rows, columns] = w
    parts = spread.reshape(group, inputs // group, filters, *kernel).swapaxes(1, 2)
    return np.ascontiguousarray(parts).reshape(group * filters, inputs // group, *kernel)


def _spread_rows(count: int, dilation: int) -> slice:
    return slice(0, (count - 1) * dilation + 1, dilation)


def _quant_by_filter(quant: Quant, w: Value, group: int) -> Quant | None:
    """The parameters along the filters of all groups; None where several input channels of a filter have their own."""
    if len(set(quant.zero_point)) > 1:
        return None
    if quant.axis is None:
        return quant
    if quant.axis == 1:
        return Quant(quant.scale * group, quant.zero_point * group, 0)
    if quant.axis == 0 and group == w.shape[0]:
        scales = tuple(s for s in quant.scale for _ in range(w.shape[1]))
        return Quant(scales, quant.zero_point[:1] * len(scales), 0)
    return None


def _transposed_pads(
    call: Call, rank: int, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[Pads, tuple[int, int]]:
    """What is cut off the sums, and how much is missing behind them: `output_padding` adds to the result there."""
    node, auto = call.node, call.node.text("auto_pad", "NOTSET")
    extra = along_both(node, "output_padding", rank, 0)
    if "output_shape" in node.attributes or auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = (
            along_both(node, "output_shape", rank)
            if "output_shape" in node.attributes
            else (size[0] * stride[0], size[1] * stride[1])
        )
        total = [stride[i] * (size[i] - 1) + kernel[i] + extra[i] - wanted[i] for i in (0, 1)]
        smaller = [(t // 2, t - t // 2) if t >= 0 else (0, t) for t in total]
        pairs = smaller if auto == "SAME_UPPER" else [(a, b) if b < 0 else (b, a) for a, b in smaller]
    else:
        pairs = list(explicit_pads(node, rank))
    cut = [(first, last - extra[i]) for i, (first, last) in enumerate(pairs)]
    require(min(first for first, _ in cut) >= 0, "negative padding in front")
    rows, columns = ((first, max(last, 0)) for first, last in cut)
    return (rows, columns), (max(-cut[0][1], 0), max(-cut[1][1], 0))


READERS: dict[str, Reader] = {"Conv": _conv, "ConvTranspose": _conv_transpose}
