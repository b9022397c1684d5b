"""Convolution over a gathered window."""

from dataclasses import dataclass

import numpy as np

from aot.ir import Array, Graph, Op, Tensor
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.kernels.output import Output, folded_bias, output_of
from aot.kernels.window import Window, window_of
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_CYCLES_PER_MAC = 3.5
_CYCLES_PER_OUTPUT = 20.0
_CYCLES_PER_TAP = 8.0  # gathering, for each element of the window


@dataclass(frozen=True)
class Conv2DS8(Params):
    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    out_c: int


def conv2d_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any int8 convolution."""
    assert isinstance(op, Conv2D)
    x, w, _, _ = op.operands(graph)
    assert w.data is not None
    return _conv2d_s8(kernel, op, graph, target, w.data.reshape(w.shape[0], -1), window_of(op, x, w))


def single_channel_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    assert isinstance(op, DepthwiseConv2D)
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    assert w.data is not None
    weights = np.ascontiguousarray(w.data.reshape(-1, w.shape[3]).T)
    return _conv2d_s8(kernel, op, graph, target, weights, window_of(op, x, w))


def _conv2d_s8(
    kernel: Kernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array, window: Window
) -> Call:
    x, w, b, y = op.operands(graph)
    out_c, depth = weights.shape
    bias, bound = folded_bias(weights, None if b is None else b.data, x)
    output = output_of(x, w, y, op.activation, target.rounding, out_c, bound)
    params = Conv2DS8(
        Constant(f"{y.name}_weights", weights),
        Constant(f"{y.name}_bias", bias),
        output,
        window,
        *y.shape,
    )
    cost = _conv_cost(y, depth)
    return Call(kernel, params, (x.name,), (y.name,), {"output": output.c_name}, scratch=depth, cost=cost)


def _conv_cost(y: Tensor, depth: int) -> float:
    pixels = y.elements // y.shape[3]
    return (_CYCLES_PER_MAC * depth + _CYCLES_PER_OUTPUT) * y.elements + _CYCLES_PER_TAP * pixels * depth
