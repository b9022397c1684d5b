"""WHAT each operator means: its attributes, what it accepts, and its value in numpy. OPS lists them all."""

from aot.graph.ir import Op
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.cast import Cast
from aot.ops.clip import Clip
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
from aot.ops.gru import Gru
from aot.ops.hard_swish import HardSwish
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mean import Mean
from aot.ops.mirror_pad import MirrorPad
from aot.ops.mul import Mul
from aot.ops.normalize import Normalize
from aot.ops.one_hot import OneHot
from aot.ops.pack import Pack
from aot.ops.pad import Pad, PadV2
from aot.ops.pick import Pick
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.quantize import Quantize
from aot.ops.real_functions import RealFunction
from aot.ops.rearrange import BroadcastTo, Reverse, Tile
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.reshape import Reshape
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.scatter_nd import ScatterNd
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

OPS: tuple[type[Op], ...] = (
    Abs,
    Add,
    AddN,
    ArgMax,
    ArgMin,
    AveragePool2D,
    BatchMatMul,
    BatchToSpace,
    BroadcastArgs,
    BroadcastTo,
    Cast,
    Ceil,
    Clip,
    Concatenation,
    Conv2D,
    Cos,
    CumSum,
    DepthToSpace,
    DepthwiseConv2D,
    Dequantize,
    Div,
    DynamicUpdateSlice,
    Elu,
    EmbeddingLookup,
    Equal,
    Exp,
    Floor,
    FloorDiv,
    FloorMod,
    FullyConnected,
    Gather,
    GatherNd,
    Gelu,
    Greater,
    GreaterEqual,
    Gru,
    HardSwish,
    If,
    L2Normalization,
    L2Pool2D,
    LeakyRelu,
    Less,
    LessEqual,
    Log,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    Logistic,
    LogSoftmax,
    Lstm,
    Maximum,
    MaxPool2D,
    Mean,
    Minimum,
    MirrorPad,
    Mul,
    Neg,
    Normalize,
    NotEqual,
    OneHot,
    Pack,
    Pad,
    PadV2,
    Pick,
    Pow,
    Prelu,
    Quantize,
    Range,
    RealFunction,
    ReduceAll,
    ReduceAny,
    ReduceMax,
    ReduceMin,
    ReduceProd,
    Relu,
    Relu0To1,
    Relu6,
    ReluN1To1,
    Reshape,
    ResizeBilinear,
    ResizeNearest,
    Reverse,
    ReverseSequence,
    Rnn,
    Round,
    Rsqrt,
    ScatterNd,
    Select,
    SelectV2,
    Shape,
    Sign,
    Sin,
    Slice,
    Softmax,
    SpaceToBatch,
    SpaceToDepth,
    Split,
    SplitV,
    Sqrt,
    Square,
    SquaredDifference,
    StridedSlice,
    Sub,
    Sum,
    Svdf,
    Tanh,
    Tile,
    TopK,
    Transpose,
    TransposeConv,
    Unpack,
    While,
    ZerosLike,
)
