"""Operators that take many elements together: pools, reductions over axes, softmax."""

from aot.base.errors import AotError
from aot.frontends.tflite.operators.records import (
    FileOp,
    NotInFiles,
    Operator,
    Record,
    four_dimensions,
    plain,
    read_activation,
    read_axes,
    read_pads,
    refuse_other_codes,
    write_activation,
    write_pads,
)
from aot.graph.ir import Graph, Op
from aot.ops.common import require
from aot.ops.l2_normalization import L2Normalization
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D, Pool2D
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Reduction, Sum
from aot.ops.softmax import Softmax


def _pool(builtin: str, kind: type[Pool2D]) -> Operator[Pool2D]:
    def read(op: FileOp) -> Op:
        options, x = op.options("Pool2DOptions"), op.input(0)
        four_dimensions(x)
        kernel = options.integer("FilterHeight"), options.integer("FilterWidth")
        stride = options.integer("StrideH"), options.integer("StrideW")
        require(min(*kernel, *stride) >= 1, f"filter {kernel}, stride {stride}; supported: from 1 up")
        pads = read_pads(options.integer("Padding"), x, kernel, stride, (1, 1))
        activation = read_activation(options)
        return kind(**op.operands(), kernel=kernel, stride=stride, padding=pads, activation=activation)

    return Operator(builtin, kind, read, _write_pool)


def _write_pool(op: Pool2D, graph: Graph) -> Record:
    x, y = op.operands(graph)
    if isinstance(op, AveragePool2D) and op.ties_upwards:
        raise AotError(f"%{y.name} rounds as uint8 does, which a .tflite file does not say of {y.dtype}")
    if op.dilation != (1, 1):
        raise NotInFiles(op, "where windows have no holes")
    if x.quant != y.quant:
        raise NotInFiles(op, "where input and output have one scale and zero point")
    fields = {
        "Padding": write_pads(op.padding, x, y, op.kernel, op.stride, (1, 1)),
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FilterHeight": op.kernel[0],
        "FilterWidth": op.kernel[1],
        "FusedActivationFunction": write_activation(op.activation),
    }
    return Record(1 if isinstance(op, L2Pool2D) else 2, "Pool2DOptions", fields)


def _reduction(builtin: str, kind: type[Reduction], version: int = 2) -> Operator[Reduction]:
    def read(op: FileOp) -> Op:
        axes = read_axes(op.integers(1), len(op.input(0).shape))
        return kind(**op.operands(0), axes=axes, keep_dims=op.options("ReducerOptions").flag("KeepDims"))

    def write(op: Reduction, graph: Graph) -> Record:
        return Record(version, "ReducerOptions", {"KeepDims": op.keep_dims}, {"axes": op.axes})

    return Operator(builtin, kind, read, write)


def _read_softmax(op: FileOp) -> Op:
    return Softmax(**op.operands(), beta=op.options("SoftmaxOptions").real("Beta"))


def _write_softmax(op: Softmax, graph: Graph) -> Record:
    refuse_other_codes(op, graph)
    return Record(2, "SoftmaxOptions", {"Beta": op.beta})


def _read_l2_normalization(op: FileOp) -> Op:
    activation = read_activation(op.options("L2NormOptions"))
    return L2Normalization(**op.operands(), activation=activation)


def _write_l2_normalization(op: L2Normalization, graph: Graph) -> Record:
    return Record(1, "L2NormOptions", {"FusedActivationFunction": write_activation(op.activation)})


OPERATORS = (
    _pool("AVERAGE_POOL_2D", AveragePool2D),
    _pool("MAX_POOL_2D", MaxPool2D),
    Operator("L2_NORMALIZATION", L2Normalization, _read_l2_normalization, _write_l2_normalization),
    _pool("L2_POOL_2D", L2Pool2D),
    plain("LOG_SOFTMAX", LogSoftmax, 2, "LogSoftmaxOptions"),
    _reduction("MEAN", Mean),
    _reduction("REDUCE_ALL", ReduceAll, 1),
    _reduction("REDUCE_ANY", ReduceAny, 1),
    _reduction("REDUCE_MAX", ReduceMax),
    _reduction("REDUCE_MIN", ReduceMin),
    _reduction("REDUCE_PROD", ReduceProd),
    _reduction("SUM", Sum),
    Operator("SOFTMAX", Softmax, _read_softmax, _write_softmax),
)
