"""WHAT each operator means: its attributes, what it accepts, and its value in numpy. OPS lists them all."""

from aot.ir import Op
from aot.ops.add import Add
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.l2_normalization import L2Normalization
from aot.ops.logistic import Logistic
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Sum
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose
from aot.ops.transpose_conv import TransposeConv

OPS: tuple[type[Op], ...] = (
    Add,
    AveragePool2D,
    BatchMatMul,
    Concatenation,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    FullyConnected,
    L2Normalization,
    L2Pool2D,
    Logistic,
    MaxPool2D,
    Mean,
    Pad,
    Quantize,
    ReduceAll,
    ReduceAny,
    ReduceMax,
    ReduceMin,
    ReduceProd,
    Relu,
    Relu6,
    Reshape,
    Softmax,
    Sum,
    Transpose,
    TransposeConv,
)
