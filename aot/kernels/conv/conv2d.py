"""Convolution over a gathered window."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.order import best_way, forwards, rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import SUFFIXES, fit_type, itemsize, sums_of
from aot.kernels.common.window import Window, gathering, window_of, window_reads
from aot.ops.conv2d import Conv2D
from aot.ops.dense import require_groups
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Conv2DParams(Params):
    """The pixels of an image are taken from `first` on, each `step` further: 1 or -1."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    first: int
    step: int
    pixels: int
    out_w: int
    out_c: int


@dataclass(frozen=True)
class GroupedParams(Params):
    """`group_c` channels of the input make `group_out` of the output."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    out_c: int
    group_c: int
    group_out: int


def conv2d(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """Every convolution without groups."""
    x, w, _, _ = op.operands(graph)
    fit(require_groups(x, w) == 1, f"there are {require_groups(x, w)} groups")
    return _conv2d(kernel, op, graph, target, weights_of(w).reshape(w.shape[0], -1))


def grouped_conv2d(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A convolution in groups: each filter reads its channels of the gathered window."""
    x, w, _, y = op.operands(graph)
    groups = require_groups(x, w)
    fit(groups > 1, "there is one group")
    fit_type(kernel, x)
    sums = sums_of(target, weights_of(w).reshape(w.shape[0], -1), op.operands(graph), op.activation)
    window = window_of(op, x, w)
    depth = w.shape[1] * w.shape[2] * x.shape[3]
    sizes = (*y.shape, w.shape[3], w.shape[0] // groups)
    return Call(
        kernel,
        op,
        GroupedParams(sums.weights, sums.bias, sums.output, window, *sizes),
        (x.name,),
        (y.name,),
        sums.with_window(window.c_name),
        scratch=depth * itemsize(x),
        scratch_type=sums.variant["type"],
        overlaps={0: forwards(x, y, window_reads(op, x, w, y), rows(y.elements // w.shape[0], w.shape[0])).overlap},
        work={"macs": op.macs(graph), "outputs": y.elements} | gathering(y.elements // y.shape[3], x, w),
    )


def single_channel(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, np.ascontiguousarray(weights_of(w).reshape(-1, w.shape[3]).T))


def _conv2d(kernel: AnyKernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    fit_type(kernel, x)
    sums = sums_of(target, weights, op.operands(graph), op.activation)
    window = window_of(op, x, w)
    depth = weights.shape[1]
    batches, out_h, out_w, out_c = y.shape
    pixels = out_h * out_w
    way = best_way if batches == 1 else forwards
    walk = way(x, y, window_reads(op, x, w, y), rows(batches * pixels, out_c))
    sizes = batches, walk.start(), walk.step(), pixels, out_w, out_c
    return Call(
        kernel,
        op,
        Conv2DParams(sums.weights, sums.bias, sums.output, window, *sizes),
        (x.name,),
        (y.name,),
        sums.with_window(window.c_name),
        scratch=depth * itemsize(x),
        scratch_type=sums.variant["type"],
        overlaps={0: walk.overlap},
        work={"macs": op.macs(graph), "outputs": y.elements} | gathering(batches * pixels, x, w),
    )


KERNELS: tuple[AnyKernel, ...] = (
    *(
        kernel
        for suffix in SUFFIXES.values()
        for kernel in (
            Kernel(f"conv2d_{suffix}", "conv/conv2d", (Conv2D,), conv2d),
            Kernel(f"conv2d_grouped_{suffix}", "conv/conv2d_grouped", (Conv2D,), grouped_conv2d),
        )
    ),
    Kernel("conv2d_f32", "conv/conv2d", (DepthwiseConv2D,), single_channel),
)
