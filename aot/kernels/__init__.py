"""HOW each operator runs on a core. KERNELS lists every kernel; `select` picks among those that fit.

A kernel is one C function, printed from `templates/kernels/<name>.c.j2`.
"""

from collections.abc import Sequence
from dataclasses import replace

from aot.errors import AotError
from aot.ir import Graph, Op
from aot.kernels.add_n import add_n
from aot.kernels.batch_matmul import batch_matmul
from aot.kernels.binary import binary, product
from aot.kernels.binary_scaled import binary_scaled
from aot.kernels.broadcast_args import broadcast_args
from aot.kernels.call import Block, Call, DoesNotFit, Kernel, Target, fit
from aot.kernels.cast import cast
from aot.kernels.choose import OPTIMIZATIONS, choose
from aot.kernels.control import if_then_else, while_loop
from aot.kernels.conv2d import conv2d, grouped_conv2d, single_channel
from aot.kernels.convert import dequantize, quantize_f32, rescale
from aot.kernels.copy import strided_copy, table_copy, table_scatter
from aot.kernels.costs import cycles
from aot.kernels.dense import fully_connected, pointwise
from aot.kernels.dense_dsp import (
    conv2d_dsp,
    dense_row_dsp,
    fully_connected_dsp,
    pointwise_dsp,
    pointwise_row_dsp,
    single_channel_dsp,
)
from aot.kernels.depthwise_conv2d import depthwise_conv2d, depthwise_multiplier
from aot.kernels.depthwise_dsp import depthwise_3x3_chunks_dsp, depthwise_3x3_dsp
from aot.kernels.depthwise_plane import depthwise_dsp
from aot.kernels.gather import gather_any, gather_nd_any
from aot.kernels.index import arg_extreme, cumsum, dynamic_update_slice, one_hot, top_k
from aot.kernels.l2_normalization import l2_normalization
from aot.kernels.lookup import lookup_s8
from aot.kernels.lstm_s8 import lstm_s8
from aot.kernels.lstm_s16 import lstm_s16
from aot.kernels.move import concatenation_any, pad_any, split_any
from aot.kernels.pool2d import average_pool2d_dsp, max_pool2d_dsp, pool2d
from aot.kernels.prelu import prelu_s8
from aot.kernels.quotient import quotient
from aot.kernels.recurrent import lstm_f32, rnn_f32
from aot.kernels.reduce import mean_dsp, reduce, scaled, scaled_product
from aot.kernels.resize import resize_bilinear
from aot.kernels.reverse_sequence import reverse_sequence
from aot.kernels.select import select_any
from aot.kernels.softmax import (
    log_softmax_f32,
    log_softmax_s8,
    softmax_f32,
    softmax_float_s8,
    softmax_s8,
    softmax_s8_s16,
    softmax_s16,
)
from aot.kernels.svdf import svdf_f32, svdf_s8
from aot.kernels.transpose_conv import transpose_conv
from aot.kernels.unary import interpolate_s16, sigmoid_s16, slopes_s16, unary
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.cast import Cast
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.concatenation import Concatenation
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
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.select import Select, SelectV2
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

__all__ = ["KERNELS", "OPTIMIZATIONS", "Block", "Call", "Kernel", "Target", "candidates", "select"]

_DSP = frozenset({"dsp"})
# Convolutions and dense layers: the same templates for each type of their elements.
_SUMS = tuple(
    Kernel(f"{name}_{suffix}", op, lower)
    for name, op, lower in (
        ("conv2d", Conv2D, conv2d),
        ("conv2d", DepthwiseConv2D, single_channel),
        ("conv2d_grouped", Conv2D, grouped_conv2d),
        ("dense", FullyConnected, fully_connected),
        ("dense", Conv2D, pointwise),
        ("depthwise_conv2d", DepthwiseConv2D, depthwise_conv2d),
        ("depthwise_multiplier", DepthwiseConv2D, depthwise_multiplier),
    )
    for suffix in ("s8", "s16", "f32")
)

_SUMS_DSP = tuple(
    Kernel(f"{name}_{suffix}_dsp", op, lower, features=_DSP, planes=planes and suffix == "s8")
    for name, op, lower, planes in (
        ("conv2d", Conv2D, conv2d_dsp, True),
        ("conv2d", DepthwiseConv2D, single_channel_dsp, True),
        ("dense", Conv2D, pointwise_dsp, True),
        ("dense", FullyConnected, fully_connected_dsp, False),
        ("dense_row", Conv2D, pointwise_row_dsp, False),
        ("dense_row", FullyConnected, dense_row_dsp, False),
    )
    for suffix in ("s8", "s16")
)

_POOLS = tuple(
    Kernel(f"{name}_{suffix}", op, pool2d)
    for name, op in (("average_pool2d", AveragePool2D), ("max_pool2d", MaxPool2D))
    for suffix in ("s8", "s16", "f32")
)

_BATCH_MATMUL = tuple(Kernel(f"batch_matmul_{suffix}", BatchMatMul, batch_matmul) for suffix in ("s8", "s16", "f32"))
_TRANSPOSE_CONV = tuple(
    Kernel(f"transpose_conv_{suffix}", TransposeConv, transpose_conv) for suffix in ("s8", "s16", "f32")
)

_ARITHMETIC = (Add, Div, FloorDiv, FloorMod, Maximum, Minimum, Mul, Pow, Prelu, SquaredDifference, Sub)
_COMPARISONS = (Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual)

KERNELS: tuple[Kernel, ...] = (
    *_SUMS,
    *_BATCH_MATMUL,
    *_POOLS,
    *_TRANSPOSE_CONV,
    Kernel("l2_normalization_f32", L2Normalization, l2_normalization),
    Kernel("l2_normalization_s8", L2Normalization, l2_normalization),
    Kernel("l2_pool2d_f32", L2Pool2D, pool2d),
    Kernel("mean_s8", Mean, scaled),
    Kernel("mean_s16", Mean, scaled),
    Kernel("sum_s8", Sum, scaled),
    Kernel("sum_s16", Sum, scaled),
    Kernel("scaled_product", ReduceProd, scaled_product),
    *(Kernel("reduce", op, reduce) for op in (Mean, ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Sum)),
    Kernel("concatenation", Concatenation, concatenation_any),
    *_SUMS_DSP,
    Kernel("depthwise_3x3_s8_dsp", DepthwiseConv2D, depthwise_3x3_dsp, features=_DSP, planes=True),
    Kernel("depthwise_3x3_chunks_s8_dsp", DepthwiseConv2D, depthwise_3x3_chunks_dsp, features=_DSP, planes=True),
    Kernel("average_pool2d_s8_dsp", AveragePool2D, average_pool2d_dsp, features=_DSP),
    Kernel("max_pool2d_s8_dsp", MaxPool2D, max_pool2d_dsp, features=_DSP),
    Kernel("mean_s8_dsp", Mean, mean_dsp, features=_DSP),
    Kernel("depthwise_conv2d_s16_dsp", DepthwiseConv2D, depthwise_conv2d, features=_DSP),
    Kernel("depthwise_s8_dsp", DepthwiseConv2D, depthwise_dsp, features=_DSP),
    Kernel("arg_extreme", ArgMax, arg_extreme),
    Kernel("arg_extreme", ArgMin, arg_extreme),
    Kernel("concatenation", Pack, concatenation_any),
    Kernel("cumsum", CumSum, cumsum),
    Kernel("dequantize", Dequantize, dequantize),
    Kernel("dynamic_update_slice", DynamicUpdateSlice, dynamic_update_slice),
    Kernel("gather", EmbeddingLookup, gather_any),
    Kernel("gather", Gather, gather_any),
    Kernel("gather_nd", GatherNd, gather_nd_any),
    *(Kernel("binary", op, binary) for op in (*_ARITHMETIC, *_COMPARISONS, LogicalAnd, LogicalOr)),
    *(Kernel("binary_scaled", op, binary_scaled) for op in (Add, SquaredDifference, Sub, *_COMPARISONS)),
    Kernel("product", Mul, product),
    Kernel("quotient", Div, quotient),
    Kernel("add_n", AddN, add_n),
    Kernel("broadcast_args", BroadcastArgs, broadcast_args),
    Kernel("prelu_s8", Prelu, prelu_s8),
    Kernel("reverse_sequence", ReverseSequence, reverse_sequence),
    Kernel("select", Select, select_any),
    Kernel("select", SelectV2, select_any),
    Kernel("interpolate_s16", Exp, interpolate_s16),
    Kernel("interpolate_s16", Gelu, interpolate_s16),
    Kernel("interpolate_s16", Log, interpolate_s16),
    Kernel("interpolate_s16", Rsqrt, interpolate_s16),
    Kernel("if_then_else", If, if_then_else),
    Kernel("lookup_s8", Abs, lookup_s8),
    Kernel("lookup_s8", Elu, lookup_s8),
    Kernel("lookup_s8", Exp, lookup_s8),
    Kernel("lookup_s8", Gelu, lookup_s8),
    Kernel("lookup_s8", HardSwish, lookup_s8),
    Kernel("lookup_s8", LeakyRelu, lookup_s8),
    Kernel("lookup_s8", Log, lookup_s8),
    Kernel("lookup_s8", Logistic, lookup_s8),
    Kernel("lookup_s8", Neg, lookup_s8),
    Kernel("lookup_s8", Quantize, lookup_s8),
    Kernel("lookup_s8", Relu, lookup_s8),
    Kernel("lookup_s8", Relu0To1, lookup_s8),
    Kernel("lookup_s8", Relu6, lookup_s8),
    Kernel("lstm_f32", Lstm, lstm_f32),
    Kernel("lstm_s8", Lstm, lstm_s8),
    Kernel("lstm_s16", Lstm, lstm_s16),
    Kernel("one_hot", OneHot, one_hot),
    Kernel("rnn_f32", Rnn, rnn_f32),
    Kernel("lookup_s8", ReluN1To1, lookup_s8),
    Kernel("lookup_s8", Rsqrt, lookup_s8),
    Kernel("lookup_s8", Sqrt, lookup_s8),
    Kernel("lookup_s8", Tanh, lookup_s8),
    Kernel("pad", Pad, pad_any),
    Kernel("pad", PadV2, pad_any),
    Kernel("quantize_f32", Quantize, quantize_f32),
    Kernel("rescale", Quantize, rescale),
    Kernel("log_softmax_f32", LogSoftmax, log_softmax_f32),
    Kernel("log_softmax_s8", LogSoftmax, log_softmax_s8),
    Kernel("softmax_f32", Softmax, softmax_f32),
    Kernel("resize_bilinear", ResizeBilinear, resize_bilinear),
    Kernel("softmax_float_s8", Softmax, softmax_float_s8),
    Kernel("softmax_s8", Softmax, softmax_s8),
    Kernel("split", Split, split_any),
    Kernel("split", SplitV, split_any),
    Kernel("split", Unpack, split_any),
    Kernel("strided_copy", BroadcastTo, strided_copy),
    Kernel("strided_copy", DepthToSpace, strided_copy),
    Kernel("strided_copy", Reverse, strided_copy),
    Kernel("strided_copy", Slice, strided_copy),
    Kernel("strided_copy", SpaceToDepth, strided_copy),
    Kernel("strided_copy", StridedSlice, strided_copy),
    Kernel("strided_copy", Tile, strided_copy),
    Kernel("strided_copy", Transpose, strided_copy),
    Kernel("svdf_f32", Svdf, svdf_f32),
    Kernel("svdf_s8", Svdf, svdf_s8),
    Kernel("table_copy", BatchToSpace, table_copy),
    Kernel("table_copy", MirrorPad, table_copy),
    Kernel("table_copy", ResizeNearest, table_copy),
    Kernel("table_copy", SpaceToBatch, table_scatter),
    Kernel("top_k", TopK, top_k),
    Kernel("softmax_s16", Softmax, softmax_s16),
    Kernel("softmax_s8_s16", Softmax, softmax_s8_s16),
    Kernel("sigmoid_s16", Logistic, sigmoid_s16),
    Kernel("sigmoid_s16", Tanh, sigmoid_s16),
    Kernel("slopes_s16", Abs, slopes_s16),
    Kernel("slopes_s16", LeakyRelu, slopes_s16),
    Kernel("slopes_s16", Relu, slopes_s16),
    Kernel("slopes_s16", Relu6, slopes_s16),
    Kernel("unary", Abs, unary),
    Kernel("unary", Cast, cast),
    Kernel("unary", Ceil, unary),
    Kernel("unary", Cos, unary),
    Kernel("unary", Elu, unary),
    Kernel("unary", Exp, unary),
    Kernel("unary", Floor, unary),
    Kernel("unary", Gelu, unary),
    Kernel("unary", HardSwish, unary),
    Kernel("unary", LeakyRelu, unary),
    Kernel("unary", Log, unary),
    Kernel("unary", LogicalNot, unary),
    Kernel("unary", Logistic, unary),
    Kernel("unary", Neg, unary),
    Kernel("unary", Relu, unary),
    Kernel("unary", Relu0To1, unary),
    Kernel("unary", Relu6, unary),
    Kernel("unary", ReluN1To1, unary),
    Kernel("unary", Round, unary),
    Kernel("unary", Rsqrt, unary),
    Kernel("unary", Sign, unary),
    Kernel("unary", Sin, unary),
    Kernel("unary", Sqrt, unary),
    Kernel("unary", Square, unary),
    Kernel("unary", Tanh, unary),
    Kernel("while_loop", While, while_loop),
)


def candidates(op: Op, graph: Graph, target: Target) -> tuple[list[Call], list[str]]:
    """Every call that computes `op` on `target`, cheapest first; and for each kernel that does not fit, why not."""
    fitting, reasons = [], []
    for kernel in KERNELS:
        if kernel.op is not type(op):
            continue
        try:
            if not kernel.features <= target.features:
                missing = ", ".join(sorted(kernel.features - target.features))
                raise DoesNotFit(f"the core has no {missing}")
            planes = target.planes.intersection(name for name in (*op.inputs, *op.outputs) if name)
            fit(kernel.planes or not planes, f"{', '.join(f'%{name}' for name in sorted(planes))} lies by planes")
            call = replace(kernel.lower(kernel, op, graph, target), planes=planes)
            fitting.append(replace(call, cost=cycles(kernel.name, call.work, target)) if call.work else call)
        except DoesNotFit as reason:
            reasons.append(f"{kernel.name}: {reason}")
    return sorted(fitting, key=lambda call: call.cost), reasons


def select(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
    """The calls that compute `ops`, as `target` wants them chosen.

    Raises AotError with each kernel's reason where none computes an operator.
    """
    return choose([_fitting(op, graph, target) for op in ops], target)


def _fitting(op: Op, graph: Graph, target: Target) -> list[Call]:
    fitting, reasons = candidates(op, graph, target)
    if not fitting:
        raise AotError(f"no kernel for {op}", *(reasons or ["no kernel is listed for this operator"]))
    return fitting
