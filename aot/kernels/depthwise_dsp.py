"""Depth-wise convolution for cores with the DSP extension: plane by plane."""

from dataclasses import dataclass

import numpy as np

from aot.ir import Array, Graph, Op
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.kernels.dsp import constant_int8
from aot.kernels.output import Output, output_and_bias
from aot.kernels.stage import stage_of
from aot.kernels.window import Window, window_of
from aot.ops.depthwise_conv2d import DepthwiseConv2D

# Instructions, measured on mps2-an386 (`make bench`).
_PER_MAC = {1: 1.4, 2: 1.8}
_PER_OUTPUT = 18.0
_PER_INPUT = 4.0


@dataclass(frozen=True)
class Depthwise3x3Dsp(Params):
    """`plane_h` and `plane_w`: what the windows of one channel cover, padding included."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    plane_h: int
    plane_w: int


def depthwise_3x3_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """3x3, one filter for each channel, stride 1 or 2 in both directions."""
    assert isinstance(op, DepthwiseConv2D)
    x, w, b, y = op.operands(graph)
    fit(w.shape[1:3] == (3, 3), f"the filter is {w.shape[1]}x{w.shape[2]}, not 3x3")
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    fit(op.stride in ((1, 1), (2, 2)), f"the stride is {op.stride}")
    fit(op.dilation == (1, 1), f"the dilation is {op.dilation}")
    weights = constant_int8(x, w).reshape(9, w.shape[3])
    output, bias = output_and_bias(x, w, b, y, weights.T, op.activation, target.rounding)
    stage = stage_of(output, target)
    (top, bottom), (left, right) = op.padding
    plane_h, plane_w = x.shape[1] + top + bottom, x.shape[2] + left + right
    batches, out_h, out_w, _ = y.shape
    params = Depthwise3x3Dsp(
        Constant(f"{y.name}_weights", _pack(weights)),
        Constant(f"{y.name}_bias", bias),
        output,
        window_of(op, x, w),
        batches,
        out_h,
        out_w,
        plane_h,
        plane_w,
    )
    stride = op.stride[0]
    cost = y.elements * (9 * _PER_MAC[stride] + _PER_OUTPUT) + _PER_INPUT * x.elements
    return Call(
        kernel,
        params,
        (x.name,),
        (y.name,),
        {"stage": stage, "stride": stride},
        scratch=plane_h * plane_w + 4,  # the last word of the last row may begin at its last byte but one
        cost=cost,
    )


def _pack(weights: Array) -> Array:
    """[9, channels] as a word for each row of each channel: three weights and a zero."""
    rows = weights.T.reshape(-1, 3, 3)
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, 0), (0, 1))))
