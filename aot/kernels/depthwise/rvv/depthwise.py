"""Depth-wise convolution for RISC-V's vectors: channels in lanes."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Graph
from aot.kernels.call import FIXED, RVV, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.channels import TAPS_NOTE, ChannelVectors, channel_vectors
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.window import Window, gathering, window_of, windows_at_borders
from aot.kernels.depthwise.depthwise_conv2d import channels_overlap, window_bytes
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class DepthwiseRvv(Params):
    """`last_row` and `last_column`: how far the window's last tap lies from its first."""

    weights: Constant
    output: ChannelVectors
    window: Window
    batches: int
    out_h: int
    out_w: int
    last_row: int
    last_column: int


def depthwise_rvv(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """One filter for each channel. In C, there is one channel at a time; vectors read no later what is written."""
    x, w, _, y = operands = op.operands(graph)
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    weights = constant_int8(x, w).reshape(-1, w.shape[3])
    output = channel_vectors(operands, weights.T, op.activation, target)
    last = ((w.shape[i] - 1) * op.dilation[i - 1] for i in (1, 2))
    packed = Constant(f"{y.name}_weights", np.ascontiguousarray(weights), TAPS_NOTE)
    params = DepthwiseRvv(packed, output, window_of(op, x, w), *y.shape[:3], *last)
    borders = windows_at_borders(op, x, w, y)
    pixels = y.elements // y.shape[3]
    vectors = pixels * -(-y.shape[3] // 16)
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {"borders": borders > 0},
        scratch=window_bytes(x, w) if borders else 0,
        overlaps={0: channels_overlap(op, x, w, y, np.arange(x.shape[3] + 1))},
        work={"vector_taps": vectors * len(weights), "stages": vectors, "pixels": pixels} | gathering(borders, x, w),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel(
        "depthwise_s8_rvv",
        "depthwise/rvv/depthwise_s8_rvv",
        (DepthwiseConv2D,),
        depthwise_rvv,
        RVV,
        roundings=FIXED,
    ),
)
