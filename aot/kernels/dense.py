"""Dense layers, and the point-wise convolutions that are the same thing: rows of the input times a matrix."""

from dataclasses import dataclass

import numpy as np

from aot.ir import Array, Graph, Op, Tensor
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.kernels.output import Output, folded_bias, output_of
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected

_CYCLES_PER_MAC = 3.0
_CYCLES_PER_OUTPUT = 20.0


@dataclass(frozen=True)
class DenseS8(Params):
    weights: Constant
    bias: Constant
    output: Output
    rows: int
    depth: int
    out_c: int


@dataclass(frozen=True)
class DenseF32(Params):
    weights: Constant
    bias: Constant
    rows: int
    depth: int
    out_c: int


def _dense_s8(
    kernel: Kernel, target: Target, x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, activation: Activation
) -> Call:
    """A call for constant weights whose first dimension is the output channel."""
    assert w.data is not None
    weights = w.data.reshape(w.shape[0], -1)
    out_c, depth = weights.shape
    bias, bound = folded_bias(weights, None if b is None else b.data, x)
    output = output_of(x, w, y, activation, target.rounding, out_c, bound)
    params = DenseS8(
        Constant(f"{y.name}_weights", weights),
        Constant(f"{y.name}_bias", bias),
        output,
        x.elements // depth,
        depth,
        out_c,
    )
    cost = _CYCLES_PER_MAC * x.elements * out_c + _CYCLES_PER_OUTPUT * y.elements
    return Call(kernel, params, (x.name,), (y.name,), {"output": output.c_name}, cost=cost)


def fully_connected_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8 FULLY_CONNECTED."""
    assert isinstance(op, FullyConnected)
    x, w, b, y = op.operands(graph)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    return _dense_s8(kernel, target, x, w, b, y, op.activation)


def pointwise_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once: each pixel is a row."""
    assert isinstance(op, Conv2D)
    x, w, b, y = op.operands(graph)
    fit(w.shape[1:3] == (1, 1), f"the filter is {w.shape[1]}x{w.shape[2]}, not 1x1")
    fit(op.stride == (1, 1), f"the stride is {op.stride}")
    fit(op.padding == ((0, 0), (0, 0)), f"the padding is {op.padding}")
    return _dense_s8(kernel, target, x, w, b, y, op.activation)


def fully_connected_f32(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32 FULLY_CONNECTED, summed in the order of the interpreter."""
    assert isinstance(op, FullyConnected)
    x, w, b, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    assert w.data is not None
    out_c, depth = w.shape
    bias: Array = np.zeros(out_c, np.float32) if b is None or b.data is None else b.data.reshape(-1)
    params = DenseF32(
        Constant(f"{y.name}_weights", w.data), Constant(f"{y.name}_bias", bias), x.elements // depth, depth, out_c
    )
    low, high = op.activation.value
    variant = {"min": low, "max": high}
    return Call(kernel, params, (x.name,), (y.name,), variant, cost=_CYCLES_PER_MAC * x.elements * out_c)
