"""WHAT each operator means: its attributes, what it accepts, and its value in numpy. OPS lists them all."""

from aot.ir import Op
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

OPS: tuple[type[Op], ...] = (
    Abs,
    Add,
    AveragePool2D,
    Ceil,
    Concatenation,
    Conv2D,
    Cos,
    DepthwiseConv2D,
    Dequantize,
    Div,
    Elu,
    Equal,
    Exp,
    Floor,
    FullyConnected,
    Gelu,
    Greater,
    GreaterEqual,
    HardSwish,
    LeakyRelu,
    Less,
    LessEqual,
    Log,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    Logistic,
    MaxPool2D,
    Maximum,
    Mean,
    Minimum,
    Mul,
    Neg,
    NotEqual,
    Pad,
    Quantize,
    Relu,
    Relu0To1,
    Relu6,
    ReluN1To1,
    Reshape,
    Round,
    Rsqrt,
    Sign,
    Sin,
    Softmax,
    Sqrt,
    Square,
    SquaredDifference,
    Sub,
    Tanh,
    Transpose,
)
