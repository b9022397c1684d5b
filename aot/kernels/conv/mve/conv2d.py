"""Convolution over gathered windows for cores with MVE: two pixels and four channels at a time."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import MVE, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.order import Walk, best_way, forwards, grouped, rows
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.vectors import (
    COLUMNS,
    LANES,
    TAPS,
    VectorOutput,
    pack_quads,
    packed_note,
    pairs_work,
    vector_output,
)
from aot.kernels.common.window import Window, window_of, window_reads, windows_at_borders
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Conv2DMve(Params):
    """Two pixels of an image are taken from `first` on, the next ones each `step` further: 2 or -2."""

    weights: Constant
    output: VectorOutput
    window: Window
    batches: int
    first: int
    step: int
    pixels: int
    out_w: int
    out_c: int


def conv2d_mve(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """Every convolution without groups, over gathered windows."""
    x, w, _, _ = op.operands(graph)
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return _conv2d(kernel, op, graph, target, constant_int8(x, w).reshape(w.shape[0], -1))


def single_channel_mve(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, constant_int8(x, w).reshape(-1, w.shape[3]).T)


def _conv2d(kernel: AnyKernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    output = vector_output(op.operands(graph), weights, op.activation, target, LANES)
    window = window_of(op, x, w)
    batches, out_h, out_w, out_c = y.shape
    pixels, depth = out_h * out_w, weights.shape[1]
    walk = _pixel_walk(op, x, w, y)
    packed = Constant(f"{y.name}_weights", pack_quads(weights, LANES), packed_note(LANES))
    sizes = batches, walk.start(COLUMNS), walk.step(COLUMNS), pixels, out_w, out_c
    return Call(
        kernel,
        op,
        Conv2DMve(packed, output, window, *sizes),
        (x.name,),
        (y.name,),
        {**output.variant, "ragged": out_c % LANES > 0},
        scratch=COLUMNS * -(-depth // TAPS) * TAPS,
        overlaps={0: walk.overlap},
        work=pairs_work(batches * pixels, out_c, depth) | _copying_work(op, x, w, y),
    )


def _copying_work(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor) -> dict[str, float]:
    """Windows, rows of them, and their sixteens; and of windows at borders more."""
    windows = y.elements // y.shape[3]
    taps = w.shape[2] * x.shape[3]
    return {
        "windows": windows,
        "rows": windows * w.shape[1],
        "copied": windows * w.shape[1] * -(-taps // TAPS) if taps > TAPS else 0,
        "borders": windows_at_borders(op, x, w, y),
    }


def _pixel_walk(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor) -> Walk:
    """Two pixels at a time, image by image."""
    batches, out_h, out_w, out_c = y.shape
    reads, writes = (
        np.concatenate([grouped(part, COLUMNS) for part in np.split(steps, batches)])
        for steps in (window_reads(op, x, w, y), rows(batches * out_h * out_w, out_c))
    )
    return (best_way if batches == 1 else forwards)(x, y, reads, writes)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("conv2d_s8_mve", "conv/mve/conv2d_s8_mve", (Conv2D,), conv2d_mve, MVE),
    Kernel("conv2d_s8_mve", "conv/mve/conv2d_s8_mve", (DepthwiseConv2D,), single_channel_mve, MVE),
)
