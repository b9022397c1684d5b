"""Depth-wise convolution, NHWC."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.kernels.output import Output, folded_bias, output_of
from aot.kernels.window import Window, window_of
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_CYCLES_PER_MAC = 5.5
_CYCLES_PER_OUTPUT = 25.0
_CYCLES_PER_MAC_MULTIPLIER = 9.0


@dataclass(frozen=True)
class DepthwiseS8(Params):
    """`last_row` and `last_column`: how far the window's last tap lies from its first."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    last_row: int
    last_column: int


@dataclass(frozen=True)
class DepthwiseMultiplierS8(Params):
    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    multiplier: int


def _constants(op: DepthwiseConv2D, graph: Graph, target: Target) -> tuple[Constant, Constant, Output, Window]:
    x, w, b, y = op.operands(graph)
    assert w.data is not None
    weights = w.data.reshape(-1, w.shape[3])
    bias, bound = folded_bias(weights.T, None if b is None else b.data, x)
    return (
        Constant(f"{y.name}_weights", weights),
        Constant(f"{y.name}_bias", bias),
        output_of(x, w, y, op.activation, target.rounding, w.shape[3], bound),
        window_of(op, x, w),
    )


def depthwise_conv2d_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """One filter for each channel."""
    assert isinstance(op, DepthwiseConv2D)
    x, w, _, y = op.operands(graph)
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    weights, bias, output, window = _constants(op, graph, target)
    batches, out_h, out_w, _ = y.shape
    last_row, last_column = ((w.shape[i] - 1) * op.dilation[i - 1] for i in (1, 2))
    params = DepthwiseS8(weights, bias, output, window, batches, out_h, out_w, last_row, last_column)
    taps = w.shape[1] * w.shape[2]
    variant = {"output": output.c_name}
    cost = (_CYCLES_PER_MAC * taps + _CYCLES_PER_OUTPUT) * y.elements
    return Call(kernel, params, (x.name,), (y.name,), variant, scratch=taps * x.shape[3], cost=cost)


def depthwise_multiplier_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Several filters for each channel."""
    assert isinstance(op, DepthwiseConv2D)
    x, w, _, y = op.operands(graph)
    weights, bias, output, window = _constants(op, graph, target)
    batches, out_h, out_w, out_c = y.shape
    multiplier = out_c // x.shape[3]
    params = DepthwiseMultiplierS8(weights, bias, output, window, batches, out_h, out_w, multiplier)
    taps = w.shape[1] * w.shape[2]
    variant = {"output": output.c_name}
    cost = (_CYCLES_PER_MAC_MULTIPLIER * taps + _CYCLES_PER_OUTPUT) * y.elements
    return Call(kernel, params, (x.name,), (y.name,), variant, scratch=taps * x.shape[3], cost=cost)
