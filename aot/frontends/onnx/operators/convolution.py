"""Convolutions."""

from aot.frontends.building import Order, Value
from aot.frontends.onnx.operators.images import CHANNELS_LAST, along_both, as_before, as_image, explicit_pads, pads_of
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.common import Pads, out_size, require, same_pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.transpose_conv import TransposeConv

_FILTER_FIRST: Order = (0, 2, 3, 1)  # of weights [filter, channel, row, column]
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
    node, build, rank = call.node, call.build, call.input(0).rank
    x, w = as_image(build, call.input(0)), as_image(build, call.input(1))
    require(node.integer("group", 1) == 1, "groups of a transposed convolution")
    stride, kernel = along_both(node, "strides", rank), (w.shape[2], w.shape[3])
    require(along_both(node, "dilations", rank) == (1, 1), "dilations of a transposed convolution")
    pads = _transposed_pads(call, rank, (x.shape[2], x.shape[3]), kernel, stride)
    places = [(x.shape[2 + i] - 1) * stride[i] + kernel[i] - sum(pads[i]) for i in (0, 1)]
    y = build.emit(
        TransposeConv,
        (build.stored(x, CHANNELS_LAST), build.stored(w, (1, 2, 3, 0)), bias_of(call, 2)),
        (x.shape[0], w.shape[1], *places),
        order=CHANNELS_LAST,
        stride=stride,
        padding=pads,
    )
    return as_before(call, y, rank)


def _transposed_pads(
    call: Call, rank: int, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> Pads:
    """What is cut off the sums; rows that `output_padding` adds are cut off less."""
    node, auto = call.node, call.node.text("auto_pad", "NOTSET")
    extra = along_both(node, "output_padding", rank, 0)
    if "output_shape" in node.attributes:
        wanted = along_both(node, "output_shape", rank)
        total = [stride[i] * (size[i] - 1) + kernel[i] + extra[i] - wanted[i] for i in (0, 1)]
        pairs = [(t // 2, t - t // 2) if auto != "SAME_LOWER" else (t - t // 2, t // 2) for t in total]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        pairs = [same_pads(size[i] * stride[i], kernel[i], stride[i], 1) for i in (0, 1)]
        pairs = [(b, a) for a, b in pairs] if auto == "SAME_LOWER" else pairs
    else:
        pairs = list(explicit_pads(node, rank))
    cut = [(first, last - extra[i]) for i, (first, last) in enumerate(pairs)]
    if min(cut[0] + cut[1]) < 0:
        raise Unsupported("output_padding beyond what the padding cuts off")
    return cut[0], cut[1]


READERS: dict[str, Reader] = {"Conv": _conv, "ConvTranspose": _conv_transpose}
