"""Pools over images, of windows and of whole planes."""

from dataclasses import dataclass

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.reduction import reduced
from aot.frontends.onnx.operators.images import CHANNELS_LAST, along_both, as_before, as_image, pads_of
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Array, Op
from aot.ops.common import Pads, out_size, require
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.functions import Square
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.pow import Pow
from aot.ops.reduce import ReduceMax, Sum
from aot.ops.roots import Sqrt
from aot.ops.two_slopes import Abs


@dataclass(frozen=True)
class _Window:
    """Along rows and columns."""

    size: tuple[int, int]  # of the image
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: Pads  # of which those behind may be more than the attributes say
    real_pads: Pads  # what they say

    @property
    def places(self) -> tuple[int, int]:
        rows, columns = (
            out_size(self.size[i], self.kernel[i], self.stride[i], self.dilation[i], self.pads[i]) for i in (0, 1)
        )
        return rows, columns

    def reach(self, i: int) -> int:
        """How many elements a window spans along an axis."""
        return (self.kernel[i] - 1) * self.dilation[i] + 1

    def counts(self, i: int, pads: tuple[int, int]) -> Array:
        """How many elements of each window along an axis are in the image, or in these pads."""
        first = np.arange(self.places[i])[:, None] * self.stride[i] - self.pads[i][0]
        taps = first + np.arange(self.kernel[i]) * self.dilation[i]
        return np.asarray(np.sum((taps >= -pads[0]) & (taps < self.size[i] + pads[1]), axis=1))

    def meet_something(self) -> bool:
        """Whether every window has something of the image, and no padding is longer than it."""
        met = all(self.counts(i, (0, 0)).min() > 0 for i in (0, 1))
        return met and all(max(self.pads[i]) < self.reach(i) for i in (0, 1))


def _window(call: Call, x: Value, rank: int) -> _Window:
    node, size = call.node, (x.shape[2], x.shape[3])
    kernel, stride = along_both(node, "kernel_shape", rank), along_both(node, "strides", rank)
    dilation = along_both(node, "dilations", rank)
    require(min(*kernel, *stride, *dilation) >= 1, f"windows of {kernel}, strides {stride}, dilations {dilation}")
    pads = pads_of(node, rank, size, kernel, stride, dilation)
    window = _Window(size, kernel, stride, dilation, pads, pads)
    if node.flag("ceil_mode") and node.text("auto_pad", "NOTSET") == "NOTSET":
        window = _Window(size, kernel, stride, dilation, _rounded_up(window), pads)
    require(min(window.places) >= 1, f"windows of {kernel} do not fit an image of {size}")
    return window


def _rounded_up(w: _Window) -> Pads:
    """With `ceil_mode` a last window may reach beyond the padding, if it begins before it."""
    pairs = []
    for i in (0, 1):
        before, after = w.pads[i]
        places = -(-(w.size[i] + before + after - w.reach(i)) // w.stride[i]) + 1
        places -= (places - 1) * w.stride[i] >= w.size[i] + before
        pairs.append((before, max((places - 1) * w.stride[i] + w.reach(i) - w.size[i] - before, 0)))
    return pairs[0], pairs[1]


def _average_pool(call: Call) -> Value:
    """Padding counts for nothing, or as elements that are 0."""
    rank, counted = call.input(0).rank, call.node.flag("count_include_pad")
    x = as_image(call.build, call.input(0))
    w = _window(call, x, rank)
    if not (counted and any(map(any, w.real_pads))) and w.meet_something():
        return as_before(call, _pooled(call, x, AveragePool2D, w), rank)
    y = _summed(call, x, w)
    return as_before(call, binary(call, Mul, y, call.build.constant(_shares(w, counted), "shares")), rank)


def _shares(w: _Window, counted: bool) -> Array:
    """1 / the elements that count, for each window."""
    pads = w.real_pads if counted else ((0, 0), (0, 0))
    rows, columns = (w.counts(i, pads[i]) for i in (0, 1))
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.outer(rows, columns).astype(np.float32), np.float32)


def _summed(call: Call, x: Value, w: _Window) -> Value:
    """The sums of windows: a convolution with ones."""
    build, channels = call.build, x.shape[1]
    ones = build.literal(np.ones((1, *w.kernel, channels), np.float32), "ones")
    return build.emit(
        DepthwiseConv2D, (build.stored(x, CHANNELS_LAST), ones, None), (x.shape[0], channels, *w.places),
        order=CHANNELS_LAST, stride=w.stride, dilation=w.dilation, padding=w.pads,
    )  # fmt: skip


def _pooled(call: Call, x: Value, kind: type[Op], w: _Window) -> Value:
    return call.build.emit(
        kind, (call.build.stored(x, CHANNELS_LAST),), (x.shape[0], x.shape[1], *w.places), x.dtype,
        order=CHANNELS_LAST, kernel=w.kernel, stride=w.stride, dilation=w.dilation, padding=w.pads,
    )  # fmt: skip


def _max_pool(call: Call) -> Value:
    rank = call.input(0).rank
    require(len([name for name in call.node.outputs if name]) == 1, "the positions of the largest elements")
    x = as_image(call.build, call.input(0))
    w = _window(call, x, rank)
    require(w.meet_something(), f"windows of {w.kernel} that lie in the padding")
    return as_before(call, _pooled(call, x, MaxPool2D, w), rank)


def _lp_pool(call: Call) -> Value:
    """The p-th root of the sum of p-th powers."""
    rank, p = call.input(0).rank, call.node.integer("p", 2)
    x = as_image(call.build, call.input(0))
    return as_before(call, _root(call, _summed(call, _power(call, x, p), _window(call, x, rank)), p), rank)


def _power(call: Call, x: Value, p: int) -> Value:
    build = call.build
    if p == 2:
        return build.like(x, Square)
    size = build.like(x, Abs)
    return size if p == 1 else build.like(size, Pow, (build.number(float(p)),))


def _root(call: Call, x: Value, p: int) -> Value:
    build = call.build
    if p == 2:
        return build.like(x, Sqrt)
    return x if p == 1 else build.like(x, Pow, (build.number(1 / p),))


def _global(call: Call, kind: type[Op]) -> Value:
    x = call.input(0)
    return reduced(call, x, kind, tuple(range(2, x.rank)), keep=True)


def _global_lp(call: Call) -> Value:
    x, p = call.input(0), call.node.integer("p", 2)
    return _root(call, reduced(call, _power(call, x, p), Sum, tuple(range(2, x.rank)), keep=True), p)


READERS: dict[str, Reader] = {
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda call: _global(call, Mean),
    "GlobalLpPool": _global_lp,
    "GlobalMaxPool": lambda call: _global(call, ReduceMax),
    "LpPool": _lp_pool,
    "MaxPool": _max_pool,
}
