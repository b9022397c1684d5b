"""Convolution over gathered windows in tiles of registers, in portable C."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.order import rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import itemsize
from aot.kernels.common.tile import COLUMNS, TILED, tiled, tiled_walk, tiled_work
from aot.kernels.common.window import Window, window_of, window_reads, windows_at_borders
from aot.ops.conv2d import Conv2D
from aot.ops.dense import require_groups
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Conv2DTiles(Params):
    """Four pixels of an image are taken from `first` on, the next ones each `step` further: 4 or -4."""

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


def conv2d_tiles(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """Every convolution without groups but those that are dense layers for each pixel, four pixels at a time."""
    x, w, _, _ = op.operands(graph)
    same = op.stride == (1, 1) and op.padding == ((0, 0), (0, 0))
    fit(w.shape[1:3] != (1, 1) or not same, "it is a dense layer for each pixel")
    fit(require_groups(x, w) == 1, f"there are {require_groups(x, w)} groups")
    return _conv2d(kernel, op, graph, target, weights_of(w).reshape(w.shape[0], -1))


def single_channel_tiles(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, np.ascontiguousarray(weights_of(w).reshape(-1, w.shape[3]).T))


def _conv2d(kernel: AnyKernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    layer = tiled(kernel, op.operands(graph), weights, op.activation, target, COLUMNS)
    window = window_of(op, x, w)
    batches, out_h, out_w, out_c = y.shape
    pixels, depth = out_h * out_w, weights.shape[1]
    walk = tiled_walk(x, y, window_reads(op, x, w, y), rows(batches * pixels, out_c), batches)
    sizes = batches, walk.start(COLUMNS) if batches == 1 else 0, walk.step(COLUMNS), pixels, out_w, out_c
    gathered = {
        "interleaved": batches * pixels * depth,
        "rows": batches * pixels * w.shape[1],
        "columns": batches * pixels,
        "border_taps": windows_at_borders(op, x, w, y) * w.shape[1] * w.shape[2],
    }
    return Call(
        kernel,
        op,
        Conv2DTiles(layer.weights, layer.bias, layer.output, window, *sizes),
        (x.name,),
        (y.name,),
        {**layer.variant, "window": window.c_name},
        scratch=COLUMNS * depth * itemsize(x),
        scratch_type=str(layer.variant["type"]),
        overlaps={0: walk.overlap},
        work=tiled_work(layer, batches * pixels, depth, out_c) | gathered,
    )


KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel
    for suffix, features in TILED
    for kernel in (
        Kernel(f"conv2d_tiles_{suffix}", "conv/conv2d_tiles", (Conv2D,), conv2d_tiles, features),
        Kernel(f"conv2d_tiles_{suffix}", "conv/conv2d_tiles", (DepthwiseConv2D,), single_channel_tiles, features),
    )
)
