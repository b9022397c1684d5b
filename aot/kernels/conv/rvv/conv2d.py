"""Convolution over gathered windows for RISC-V's vectors: four pixels at a time, channels in lanes."""

from dataclasses import dataclass

from aot.graph.ir import Array, Graph
from aot.kernels.call import FIXED, RVV, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.channels import TAPS_NOTE, ChannelVectors, by_tap, channel_vectors
from aot.kernels.common.order import rows
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.tile import COLUMNS, tiled_walk
from aot.kernels.common.window import Window, window_of, window_reads, windows_at_borders
from aot.kernels.dense.rvv.dense import columns_work
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Conv2DRvv(Params):
    """Four pixels of an image are taken from `first` on, the next ones each `step` further: 4 or -4."""

    weights: Constant
    output: ChannelVectors
    window: Window
    batches: int
    first: int
    step: int
    pixels: int
    out_w: int
    out_c: int


def conv2d_rvv(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """Every convolution without groups but those that are dense layers for each pixel."""
    x, w, _, _ = op.operands(graph)
    same = op.stride == (1, 1) and op.padding == ((0, 0), (0, 0))
    fit(w.shape[1:3] != (1, 1) or not same, "it is a dense layer for each pixel")
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return _conv2d(kernel, op, graph, target, constant_int8(x, w).reshape(w.shape[0], -1))


def single_channel_rvv(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, constant_int8(x, w).reshape(-1, w.shape[3]).T)


def _conv2d(kernel: AnyKernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    output, packed = channel_vectors(op.operands(graph), weights, op.activation, target), by_tap(weights)
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
        Conv2DRvv(Constant(f"{y.name}_weights", packed, TAPS_NOTE), output, window_of(op, x, w), *sizes),
        (x.name,),
        (y.name,),
        scratch=COLUMNS * len(packed),
        overlaps={0: walk.overlap},
        work=columns_work(batches * -(-pixels // COLUMNS), len(packed), out_c) | gathered,
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("conv2d_s8_rvv", "conv/rvv/conv2d_s8_rvv", (Conv2D,), conv2d_rvv, RVV, roundings=FIXED),
    Kernel("conv2d_s8_rvv", "conv/rvv/conv2d_s8_rvv", (DepthwiseConv2D,), single_channel_rvv, RVV, roundings=FIXED),
)
