"""Who says what an operator's bytes are, for each rounding: one table."""

from dataclasses import replace

import exact
import numpy as np
from exact_lstm import wide_lstm
from onnx_oracle import known_to_onnx, onnxruntime_oracle
from oracles_defined import (
    MOST_BROADCAST,
    defined_quotients,
    flat,
    indices_in_range,
    lengths_in_range,
    powers,
    quotients,
    shapes_that_broadcast,
    sums,
)
from resolvers import Oracle, Values, builtin, micro, reference, xnnpack

from aot.graph.fixedpoint import ROUNDINGS, Array, Rounding
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.binary import Binary, LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.cast import Cast
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.concatenation import Concatenation
from aot.ops.constants import Range, ZerosLike
from aot.ops.control import If, While
from aot.ops.conv2d import Conv2D
from aot.ops.cumsum import CumSum
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.division import Div, FloorDiv, FloorMod
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.gather import EmbeddingLookup, Gather, GatherNd
from aot.ops.hard_swish import HardSwish
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mean import Mean
from aot.ops.mirror_pad import MirrorPad
from aot.ops.mul import Mul
from aot.ops.one_hot import OneHot
from aot.ops.pack import Pack
from aot.ops.pad import Pad, PadV2
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.quantize import Quantize
from aot.ops.rearrange import BroadcastTo, Reverse, Tile
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.reshape import Reshape
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.select import Select, SelectV2
from aot.ops.shape import Shape
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.slice import Slice, StridedSlice
from aot.ops.softmax import Softmax
from aot.ops.split import Split, SplitV, Unpack
from aot.ops.squared_difference import SquaredDifference
from aot.ops.svdf import Svdf
from aot.ops.top_k import TopK
from aot.ops.transpose import Transpose
from aot.ops.transpose_conv import TransposeConv
from aot.ops.two_slopes import Abs, LeakyRelu
from aot.oracle.interpreter import initial_state
from aot.oracle.tolerance import distance


def xnnpack_transposed(graph: Graph, values: Values) -> Array:
    """XNNPACK's transposed convolution, sample by sample: of a batch it answers the first one only.

    With strides longer than the filter and SAME padding it is wrong, or leaves the work to others: there our own sums.
    """
    (op,) = graph.ops
    assert isinstance(op, TransposeConv)
    x, w, _, y = op.operands(graph)
    if any(s > k for s, k in zip(op.stride, w.shape[1:3], strict=True)):
        return exact.nearest(op, graph, values)
    single = graph.with_tensors(*(replace(t, shape=(1, *t.shape[1:])) for t in (x, y)))
    return np.concatenate([xnnpack(single, {x.name: sample[None]}) for sample in values[x.name]])


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
    dtype = "int64" if x.dtype == "int16" else "int32"
    return Tensor("zeros", (w.shape[0],), dtype, quant, np.zeros(w.shape[0], dtype))


def reference_as_ones(graph: Graph, values: Values) -> Array:
    """A sum of int8 or int16 as a dense layer whose weights are all 1: LiteRT's reference SUM is wrong."""
    (op,) = graph.ops
    assert isinstance(op, Sum)
    x, y = op.operands(graph)
    columns = op.columns(values[x.name])
    rows, depth = columns.shape
    ones = Tensor("ones", (1, depth), "int8", Quant((1.0,), (0,)), np.ones((1, depth), np.int8))
    zero = Tensor("zero", (1,), "int32", Quant((x.scale,), (0,)), np.zeros(1, np.int32))  # keeps sums of 32 bits
    tensors = {t.name: t for t in (replace(x, shape=columns.shape), ones, zero, replace(y, shape=(rows, 1)))}
    dense = FullyConnected(name=y.name, inputs=(x.name, "ones", "zero"), outputs=(y.name,))
    wanted = reference_as_conv2d(Graph("sum", tensors, (dense,), (x.name,), (y.name,)), {x.name: columns})
    return wanted.reshape(y.shape)


def integers(graph: Graph, values: Values) -> Array:
    """Our own second definition, in exact integers."""
    (op,) = graph.ops
    constants = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
    return exact.SINGLE[type(op)](op, graph, {**constants, **initial_state(graph), **values})


_REFERENCE = (reference, reference, reference)
_BUILTIN = (builtin, builtin, builtin)  # LiteRT has these in its optimized resolver only
_RESCALED = (reference, integers, reference)

# For each operator: the oracles of `double`, `single` and `float`.
ORACLES: dict[type[Op], tuple[Oracle, Oracle, Oracle]] = {
    Add: (reference, integers, reference),
    AveragePool2D: (reference, reference, reference),
    BatchMatMul: (reference, integers, reference),
    Concatenation: (reference, reference, reference),
    Conv2D: (reference, integers, xnnpack),
    DepthwiseConv2D: (reference, integers, xnnpack),
    Dequantize: (reference, reference, reference),
    FullyConnected: (reference_as_conv2d, integers, xnnpack),
    L2Normalization: (reference, integers, reference),
    L2Pool2D: (reference, reference, reference),
    Logistic: (reference, reference, reference),
    MaxPool2D: (reference, reference, reference),
    Mean: (reference, integers, reference),
    Pad: (reference, reference, reference),
    Quantize: (reference, integers, reference),
    **dict.fromkeys((ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd), (reference,) * 3),
    Relu: (reference, integers, reference),
    Relu6: (reference, integers, reference),
    Reshape: (reference, reference, reference),
    Softmax: (reference, reference, xnnpack),  # in fixed point; by default in float32
    Sum: (reference_as_ones, integers, reference_as_ones),
    Transpose: (reference, reference, reference),
    TransposeConv: (reference, integers, xnnpack_transposed),
    **dict.fromkeys((EmbeddingLookup, Gather, GatherNd), (indices_in_range,) * 3),
    **dict.fromkeys(
        (ArgMax, ArgMin, CumSum, DynamicUpdateSlice, OneHot, ResizeBilinear, ResizeNearest, TopK), _REFERENCE
    ),
    **dict.fromkeys((BatchToSpace, DepthToSpace, MirrorPad, Pack, PadV2, Reverse, Shape), _REFERENCE),
    **dict.fromkeys((Slice, SpaceToBatch, SpaceToDepth, Split, SplitV, StridedSlice, Tile, Unpack), _REFERENCE),
    **dict.fromkeys((Mul, SquaredDifference, Sub, Svdf), _RESCALED),
    **dict.fromkeys((Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual), _RESCALED),
    **dict.fromkeys((LogicalAnd, LogicalOr, Maximum, Minimum), _REFERENCE),
    **dict.fromkeys((FloorDiv, FloorMod), (defined_quotients,) * 3),
    Div: (quotients, integers, quotients),
    AddN: (sums, integers, sums),
    **dict.fromkeys((BroadcastTo, Cast, Range, Select, SelectV2, ZerosLike), _REFERENCE),
    BroadcastArgs: (shapes_that_broadcast,) * 3,
    Prelu: _RESCALED,
    ReverseSequence: (lengths_in_range,) * 3,
    LogSoftmax: _REFERENCE,
    Pow: (powers, powers, powers),
    **dict.fromkeys((Abs, LeakyRelu, Relu0To1, ReluN1To1, Rsqrt), _RESCALED),
    **dict.fromkeys((Ceil, Elu, Round), _BUILTIN),
    **dict.fromkeys((If, Rnn, While), _REFERENCE),
    Lstm: _RESCALED,
    **dict.fromkeys((Cos, Exp, Floor, Gelu, HardSwish, Log, LogicalNot, Neg), _REFERENCE),
    **dict.fromkeys((Sign, Sin, Sqrt, Square, Tanh), _REFERENCE),
}

# How far LiteRT's float32 results may be from ours, in units in the last place, or else absolutely. Our functions are
# double precision's, rounded, LiteRT's are a C library's or, for the last two, Eigen's, whose tanh loses GELU's small
# results to cancellation. SVDF's products are added in another order, of numbers up to some hundreds.
LITERT_ULPS: dict[type[Op], tuple[int, float]] = {
    Cos: (1, 0),
    Exp: (1, 0),
    Pow: (2, 0),  # the seventh power of -5.1; ours is the nearest number (tests/ops/test_nearest.py)
    LogSoftmax: (16, 1e-6),  # of rows with one large element the logarithm is tiny, and its sum's last bit counts
    Log: (1, 0),
    Sin: (1, 0),
    Tanh: (2, 0),
    Logistic: (3, 0),
    Elu: (8, 0),
    Softmax: (8, 0),
    Svdf: (16, 1e-3),
    Lstm: (16, 1e-5),
    Rnn: (16, 1e-3),
    Gelu: (16, 1e-6),
}


# Other types: reals and plain integers are not rounded to a scale; sums of 64 bits are, in one way only.
WIDE: dict[type[Op], Oracle] = {FullyConnected: reference_as_conv2d, Sum: reference_as_ones}


def oracle(graph: Graph, values: Values, rounding: Rounding) -> Array:
    """The bytes that the operator of `graph` must give; nothing is rounded to integers where none is quantized.

    What ONNX does not have is in rounding `onnx` as in `double`.
    """
    (op,) = graph.ops
    if rounding == "onnx":
        return onnxruntime_oracle(graph, values) if known_to_onnx(graph) else oracle(graph, values, "double")
    y = graph[op.outputs[0]]
    if isinstance(op, Binary) and len(y.shape) > MOST_BROADCAST:
        return oracle(*flat(graph, values), rounding).reshape(y.shape)
    dtype = graph[op.inputs[0]].dtype
    if type(op) is Lstm and dtype == "int16":
        return wide_lstm(op, graph, values) if rounding == "single" else micro(graph, values)
    to_int16 = type(op) is Softmax and graph[op.outputs[0]].dtype == "int16"
    if (dtype == "int8" and not to_int16) or type(op) in (EmbeddingLookup, Gather, GatherNd):
        return ORACLES[type(op)][ROUNDINGS.index(rounding)](graph, values)
    if type(op) not in _SUMS:
        quantized = graph[op.inputs[0]].quant is not None
        return ORACLES[type(op)][ROUNDINGS.index(rounding) if quantized else 0](graph, values)
    if dtype == "int16" and rounding == "float" and type(op) is FullyConnected:
        return xnnpack(graph, values)
    if dtype == "int16" and rounding == "single" and _sums_in_32_bits(op, graph):
        return integers(graph, values)
    return WIDE.get(type(op), reference)(graph, values) if dtype == "int16" else reference(graph, values)


_SUMS = (BatchMatMul, Conv2D, DepthwiseConv2D, FullyConnected, Mean, Softmax, Sum, TransposeConv)


def _sums_in_32_bits(op: Op, graph: Graph) -> bool:
    biased = type(op) in exact.SINGLE and len(op.inputs) > 2 and graph[op.inputs[2]].dtype == "int32"
    return type(op) in (Mean, Softmax, Sum) or biased


def matches(op: Op, actual: Array, expected: Array) -> Array:
    """Which elements are as they should be: equal bit for bit, unless LITERT_ULPS allows a difference."""
    if actual.dtype == np.float32 and type(op) in LITERT_ULPS:
        return distance(actual, expected) <= LITERT_ULPS[type(op)][0]
    same = np.ascontiguousarray(actual).view(np.uint8) == np.ascontiguousarray(expected).view(np.uint8)
    return same.reshape(actual.size, -1).all(axis=1).reshape(actual.shape)
