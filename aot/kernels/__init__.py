"""HOW each operator runs on a core. KERNELS lists every kernel; `select` picks the cheapest that fits.

A kernel is one C function, printed from `templates/kernels/<name>.c.j2`.
"""

from aot.errors import AotError
from aot.ir import Graph, Op
from aot.kernels.add import add_s8
from aot.kernels.binary import binary, mul_s8
from aot.kernels.call import Call, DoesNotFit, Kernel, Target
from aot.kernels.conv2d import conv2d_s8, single_channel_s8
from aot.kernels.convert import dequantize_s8_f32, quantize_f32_s8
from aot.kernels.dense import fully_connected_f32, fully_connected_s8, pointwise_s8
from aot.kernels.depthwise_conv2d import depthwise_conv2d_s8, depthwise_multiplier_s8
from aot.kernels.lookup import lookup_s8
from aot.kernels.mean import mean_s8
from aot.kernels.move import concatenation_any, pad_any, transpose_any
from aot.kernels.pool2d import pool2d_s8
from aot.kernels.softmax import softmax_float_s8, softmax_s8
from aot.kernels.unary import interpolate_s16, sigmoid_s16, slopes_s16, unary
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
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose
from aot.ops.two_slopes import Abs, LeakyRelu

__all__ = ["KERNELS", "Call", "Kernel", "Target", "select"]

KERNELS: tuple[Kernel, ...] = (
    Kernel("add_s8", Add, add_s8),
    Kernel("add_s8", Sub, add_s8),
    Kernel("average_pool2d_s8", AveragePool2D, pool2d_s8, helpers=("clamp",)),
    Kernel("binary", Add, binary),
    Kernel("binary", Div, binary),
    Kernel("binary", Equal, binary),
    Kernel("binary", Greater, binary),
    Kernel("binary", GreaterEqual, binary),
    Kernel("binary", Less, binary),
    Kernel("binary", LessEqual, binary),
    Kernel("binary", LogicalAnd, binary),
    Kernel("binary", LogicalOr, binary),
    Kernel("binary", Maximum, binary),
    Kernel("binary", Minimum, binary),
    Kernel("binary", Mul, binary),
    Kernel("binary", NotEqual, binary),
    Kernel("binary", SquaredDifference, binary),
    Kernel("binary", Sub, binary),
    Kernel("concatenation", Concatenation, concatenation_any, headers=("string.h",)),
    Kernel("conv2d_s8", Conv2D, conv2d_s8, helpers=("gather_s8",), headers=("string.h",)),
    Kernel("conv2d_s8", DepthwiseConv2D, single_channel_s8, helpers=("gather_s8",), headers=("string.h",)),
    Kernel("dense_f32", FullyConnected, fully_connected_f32),
    Kernel("dense_s8", Conv2D, pointwise_s8),
    Kernel("dense_s8", FullyConnected, fully_connected_s8),
    Kernel("depthwise_conv2d_s8", DepthwiseConv2D, depthwise_conv2d_s8, helpers=("gather_s8",), headers=("string.h",)),
    Kernel(
        "depthwise_multiplier_s8",
        DepthwiseConv2D,
        depthwise_multiplier_s8,
        helpers=("gather_s8",),
        headers=("string.h",),
    ),
    Kernel("dequantize_s8_f32", Dequantize, dequantize_s8_f32),
    Kernel("interpolate_s16", Exp, interpolate_s16),
    Kernel("interpolate_s16", Gelu, interpolate_s16),
    Kernel("interpolate_s16", Log, interpolate_s16),
    Kernel("interpolate_s16", Rsqrt, interpolate_s16),
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
    Kernel("lookup_s8", ReluN1To1, lookup_s8),
    Kernel("lookup_s8", Rsqrt, lookup_s8),
    Kernel("lookup_s8", Sqrt, lookup_s8),
    Kernel("lookup_s8", Tanh, lookup_s8),
    Kernel("max_pool2d_s8", MaxPool2D, pool2d_s8, helpers=("clamp",)),
    Kernel("mean_s8", Mean, mean_s8),
    Kernel("mul_s8", Mul, mul_s8),
    Kernel("pad", Pad, pad_any),
    Kernel("quantize_f32_s8", Quantize, quantize_f32_s8, headers=("math.h",)),
    Kernel("sigmoid_s16", Logistic, sigmoid_s16),
    Kernel("sigmoid_s16", Tanh, sigmoid_s16),
    Kernel("slopes_s16", Abs, slopes_s16, helpers=("clamp",)),
    Kernel("slopes_s16", LeakyRelu, slopes_s16, helpers=("clamp",)),
    Kernel("slopes_s16", Relu, slopes_s16, helpers=("clamp",)),
    Kernel("slopes_s16", Relu6, slopes_s16, helpers=("clamp",)),
    Kernel("softmax_float_s8", Softmax, softmax_float_s8),
    Kernel("softmax_s8", Softmax, softmax_s8, helpers=("rounding_high",)),
    Kernel("transpose", Transpose, transpose_any),
    Kernel("unary", Abs, unary, headers=("math.h",)),
    Kernel("unary", Ceil, unary, headers=("math.h",)),
    Kernel("unary", Cos, unary, headers=("math.h",)),
    Kernel("unary", Elu, unary, headers=("math.h",)),
    Kernel("unary", Exp, unary, headers=("math.h",)),
    Kernel("unary", Floor, unary, headers=("math.h",)),
    Kernel("unary", Gelu, unary, headers=("math.h",)),
    Kernel("unary", HardSwish, unary),
    Kernel("unary", LeakyRelu, unary),
    Kernel("unary", Log, unary, headers=("math.h",)),
    Kernel("unary", LogicalNot, unary),
    Kernel("unary", Logistic, unary, headers=("math.h",)),
    Kernel("unary", Neg, unary),
    Kernel("unary", Relu, unary),
    Kernel("unary", Relu0To1, unary),
    Kernel("unary", Relu6, unary),
    Kernel("unary", ReluN1To1, unary),
    Kernel("unary", Round, unary, headers=("math.h",)),
    Kernel("unary", Rsqrt, unary, headers=("math.h",)),
    Kernel("unary", Sign, unary),
    Kernel("unary", Sin, unary, headers=("math.h",)),
    Kernel("unary", Sqrt, unary, headers=("math.h",)),
    Kernel("unary", Square, unary),
    Kernel("unary", Tanh, unary, headers=("math.h",)),
)


def select(op: Op, graph: Graph, target: Target) -> Call:
    """The cheapest call that computes `op` on `target`. Raises AotError with each kernel's reason if none does."""
    fitting, reasons = [], []
    for kernel in KERNELS:
        if kernel.op is not type(op):
            continue
        try:
            if not kernel.features <= target.features:
                missing = ", ".join(sorted(kernel.features - target.features))
                raise DoesNotFit(f"the core has no {missing}")
            fitting.append(kernel.lower(kernel, op, graph, target))
        except DoesNotFit as reason:
            reasons.append(f"{kernel.name}: {reason}")
    if not fitting:
        raise AotError(f"no kernel for {op}", *(reasons or ["no kernel is listed for this operator"]))
    return min(fitting, key=lambda call: call.cost)
