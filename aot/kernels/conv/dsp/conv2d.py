"""Convolution over gathered windows for cores with the DSP extension: four pixels and two channels at a time."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import DSP, AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.accumulators import bias_note
from aot.kernels.common.layout import Planes, planes_of
from aot.kernels.common.order import Walk, best_way, by_planes, forwards, grouped, rows
from aot.kernels.common.output import Output
from aot.kernels.common.packing import (
    CHANNELS,
    COLUMNS,
    GROUP,
    pack_tile,
    padded_bias,
    padded_depth,
    tile_note,
    window_order,
)
from aot.kernels.common.sums import itemsize
from aot.kernels.common.window import Window, window_of, window_reads, windows_at_borders
from aot.kernels.dense.dsp.tiles import layer_of, tiles_work
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Conv2DDsp(Params):
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


def conv2d_dsp(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """Every convolution without groups, over gathered windows."""
    x, w, _, _ = op.operands(graph)
    weights = weights_of(w).reshape(w.shape[0], -1)
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return _conv2d(kernel, op, graph, target, weights)


def single_channel_dsp(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, weights_of(w).reshape(-1, w.shape[3]).T)


def _conv2d(kernel: AnyKernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    layer = layer_of(kernel, op.operands(graph), weights, op.activation, target)
    kind = layer.tiles_kind
    window = window_of(op, x, w)
    batches, out_h, out_w, out_c = y.shape
    pixels = out_h * out_w
    planes = planes_of(x, y)
    fit(not planes.x, f"%{x.name} lies by planes")
    planes.check(x, y)
    walk = _pixel_walk(op, x, w, y, planes)
    packed = pack_tile(window_order(weights, w.shape[1], layer.suffix), kind, layer.suffix)
    params = Conv2DDsp(
        Constant(f"{y.name}_weights", packed, tile_note(kind, layer.suffix), words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, CHANNELS), bias_note(x)),
        layer.output.for_tiles(),
        window,
        batches,
        walk.start(COLUMNS),
        walk.step(COLUMNS),
        pixels,
        out_w,
        out_c,
    )
    depth = weights.shape[1]
    row = depth // w.shape[1]
    left_over = row % GROUP[layer.suffix]
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {**layer.packed_as(kind), **planes.variant(), "window": window.c_name},
        scratch=COLUMNS * 2 * padded_depth(depth) + planes.last_tile(y) + itemsize(x) * (row + w.shape[1] * left_over),
        overlaps={0: walk.overlap},
        work=tiles_work(layer, kind, batches * pixels, planes) | _widening_work(op, x, w, y, left_over),
    )


def _widening_work(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor, left_over: int) -> dict[str, float]:
    """Rows of windows that are widened, those of them that are copied first, and elements beyond whole words."""
    rows = y.elements // y.shape[3] * w.shape[1]
    return {"rows": rows, "rows_copied": windows_at_borders(op, x, w, y) * w.shape[1], "left_over": rows * left_over}


def _pixel_walk(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor, planes: Planes) -> Walk:
    """Four pixels at a time, image by image."""
    batches, out_h, out_w, out_c = y.shape
    pixels = out_h * out_w
    if planes.y:
        return forwards(x, y, grouped(window_reads(op, x, w, y), COLUMNS), by_planes(pixels, out_c, COLUMNS))
    reads, writes = (
        np.concatenate([grouped(part, COLUMNS) for part in np.split(steps, batches)])
        for steps in (window_reads(op, x, w, y), rows(batches * pixels, out_c))
    )
    return (best_way if batches == 1 else forwards)(x, y, reads, writes)


KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel
    for suffix in ("s8", "s16")
    for kernel in (
        Kernel(f"conv2d_{suffix}_dsp", "conv/dsp/conv2d_dsp", (Conv2D,), conv2d_dsp, DSP, planes=suffix == "s8"),
        Kernel(f"conv2d_{suffix}_dsp", "conv/dsp/conv2d_dsp", (DepthwiseConv2D,), single_channel_dsp, DSP,
               planes=suffix == "s8"),
    )
)  # fmt: skip
