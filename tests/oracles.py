"""Who says what an operator's bytes are, for each rounding: one table."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import exact
import litert
import numpy as np

from aot.fixedpoint import ROUNDINGS, Array, Rounding
from aot.frontends.tflite_writer import write
from aot.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add, Sub
from aot.ops.binary import (
    Div,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalOr,
    Maximum,
    Minimum,
    NotEqual,
    SquaredDifference,
)
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.hard_swish import HardSwish
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.reshape import Reshape
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose
from aot.ops.two_slopes import Abs, LeakyRelu

Values = Mapping[str, Array]
Oracle = Callable[[Graph, Values], Array]  # of a graph of one operator


def reference(graph: Graph, values: Values) -> Array:
    """LiteRT's reference kernels."""
    return _litert(graph, values, litert.Resolver.REFERENCE)


def builtin(graph: Graph, values: Values) -> Array:
    """LiteRT's own optimized kernels."""
    return _litert(graph, values, litert.Resolver.BUILTIN)


def xnnpack(graph: Graph, values: Values) -> Array:
    """What LiteRT runs by default."""
    return _litert(graph, values, litert.Resolver.XNNPACK)


def _litert(graph: Graph, values: Values, resolver: litert.Resolver) -> Array:
    (result,) = litert.outputs(write(graph), [values[name] for name in graph.inputs], resolver)
    return result.reshape(graph[graph.outputs[0]].shape)  # LiteRT infers dense layers' shapes its own way


def reference_as_conv2d(graph: Graph, values: Values) -> Array:
    """The dense layer as a 1x1 convolution in the reference kernels, which round twice.

    LiteRT's FULLY_CONNECTED never does as TensorFlow Lite Micro's: the reference kernel rounds once, ties away from
    zero; the optimized one rounds its second time with ties upwards.
    """
    (op,) = graph.ops
    assert isinstance(op, FullyConnected)
    x, w, b, y = op.operands(graph)
    units, depth = w.shape
    wide = graph.with_tensors(
        replace(x, shape=(x.elements // depth, 1, 1, depth)),
        _reshaped(w, (units, 1, 1, depth)),
        replace(y, shape=(x.elements // depth, 1, 1, units)),
        b or _no_bias(x, w),
    )
    conv = Conv2D(
        name=op.name, inputs=(x.name, w.name, b.name if b else "zeros"), outputs=op.outputs, activation=op.activation
    )
    given = {**values, x.name: values[x.name].reshape(-1, 1, 1, depth)}
    return reference(replace(wide, ops=(conv,)), given).reshape(y.shape)


def _reshaped(t: Tensor, shape: tuple[int, ...]) -> Tensor:
    assert t.data is not None
    return replace(t, shape=shape, data=t.data.reshape(shape))


def _no_bias(x: Tensor, w: Tensor) -> Tensor:
    assert w.quant is not None
    scales = tuple(float(np.float32(x.scale * s)) for s in w.quant.scale)
    quant = Quant(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)
    return Tensor("zeros", (w.shape[0],), "int32", quant, np.zeros(w.shape[0], np.int32))


def integers(graph: Graph, values: Values) -> Array:
    """Our own second definition, in exact integers."""
    (op,) = graph.ops
    constants = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
    return exact.SINGLE[type(op)](op, graph, {**constants, **values})


_REFERENCE = (reference, reference, reference)
_BUILTIN = (builtin, builtin, builtin)  # LiteRT has these in its optimized resolver only
_RESCALED = (reference, integers, reference)

# For each operator: the oracles of `double`, `single` and `float`.
ORACLES: dict[type[Op], tuple[Oracle, Oracle, Oracle]] = {
    Add: (reference, integers, reference),
    AveragePool2D: (reference, reference, reference),
    Concatenation: (reference, reference, reference),
    Conv2D: (reference, integers, xnnpack),
    DepthwiseConv2D: (reference, integers, xnnpack),
    Dequantize: (reference, reference, reference),
    FullyConnected: (reference_as_conv2d, integers, xnnpack),
    Logistic: (reference, reference, reference),
    MaxPool2D: (reference, reference, reference),
    Mean: (reference, integers, reference),
    Pad: (reference, reference, reference),
    Quantize: (reference, integers, reference),
    Relu: (reference, integers, reference),
    Relu6: (reference, integers, reference),
    Reshape: (reference, reference, reference),
    Softmax: (reference, reference, xnnpack),  # in fixed point; by default in float32
    Transpose: (reference, reference, reference),
    **dict.fromkeys((Mul, Sub), _RESCALED),
    **dict.fromkeys((Div, Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr), _REFERENCE),
    **dict.fromkeys((Maximum, Minimum, NotEqual, SquaredDifference), _REFERENCE),
    **dict.fromkeys((Abs, LeakyRelu, Relu0To1, ReluN1To1, Rsqrt), _RESCALED),
    **dict.fromkeys((Ceil, Elu, Round), _BUILTIN),
    **dict.fromkeys((Cos, Exp, Floor, Gelu, HardSwish, Log, LogicalNot, Neg), _REFERENCE),
    **dict.fromkeys((Sign, Sin, Sqrt, Square, Tanh), _REFERENCE),
}

# How far LiteRT's float32 results may be from ours, in units in the last place, or else absolutely. Our functions are
# double precision's, rounded, LiteRT's are a C library's or, for the last two, Eigen's, whose tanh loses GELU's small
# results to cancellation.
LITERT_ULPS: dict[type[Op], tuple[int, float]] = {
    Cos: (1, 0),
    Exp: (1, 0),
    Log: (1, 0),
    Sin: (1, 0),
    Tanh: (2, 0),
    Logistic: (3, 0),
    Elu: (8, 0),
    Gelu: (16, 1e-6),
}


def oracle(graph: Graph, values: Values, rounding: Rounding) -> Array:
    """The bytes that the operator of `graph` must give; nothing is rounded to integers where none is quantized."""
    (op,) = graph.ops
    if graph[op.inputs[0]].dtype not in ("int8", "int16"):
        return ORACLES[type(op)][0](graph, values) if type(op) is not FullyConnected else reference(graph, values)
    return ORACLES[type(op)][ROUNDINGS.index(rounding)](graph, values)
