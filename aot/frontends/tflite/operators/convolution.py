"""Convolutions, dense layers, products of matrices."""

import tflite

from aot.frontends.tflite.operators.records import (
    FileOp,
    NotInFiles,
    Operator,
    Record,
    four_dimensions,
    read_activation,
    read_pads,
    write_activation,
    write_pads,
)
from aot.frontends.tflite.tables import Options
from aot.graph.ir import Graph, Op
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import require
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.transpose_conv import TransposeConv


def _read(op: FileOp, kind: type[Conv2D] | type[DepthwiseConv2D], options: Options) -> Op:
    x, w = op.input(0), op.input(1)
    four_dimensions(x, w)
    stride = options.integer("StrideH"), options.integer("StrideW")
    dilation = options.integer("DilationHFactor"), options.integer("DilationWFactor")
    require(min(*stride, *dilation) >= 1, f"stride {stride}, dilation {dilation}")
    return kind(
        **op.operands(),
        stride=stride,
        dilation=dilation,
        padding=read_pads(options.integer("Padding"), x, w.shape[1:3], stride, dilation),
        activation=read_activation(options),
    )


def _fields(op: Conv2D | DepthwiseConv2D, graph: Graph) -> dict[str, int]:
    x, w, _, y = op.operands(graph)
    return {
        "Padding": write_pads(op.padding, x, y, w.shape[1:3], op.stride, op.dilation),
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "DilationHFactor": op.dilation[0],
        "DilationWFactor": op.dilation[1],
        "FusedActivationFunction": write_activation(op.activation),
    }


def _bias_type(op: Conv2D | FullyConnected, graph: Graph) -> dict[str, int]:
    """int16 layers have biases of 64 bits unless this says otherwise."""
    x, _, b, _ = op.operands(graph)
    narrow = x.dtype == "int16" and b is not None and b.dtype == "int32"
    return {"QuantizedBiasType": int(tflite.TensorType.INT32)} if narrow else {}


def _read_conv2d(op: FileOp) -> Op:
    return _read(op, Conv2D, op.options("Conv2DOptions"))


def _write_conv2d(op: Conv2D, graph: Graph) -> Record:
    return Record(3, "Conv2DOptions", {**_fields(op, graph), **_bias_type(op, graph)})


def _read_depthwise(op: FileOp) -> Op:
    return _read(op, DepthwiseConv2D, op.options("DepthwiseConv2DOptions"))


def _write_depthwise(op: DepthwiseConv2D, graph: Graph) -> Record:
    x, w, _, _ = op.operands(graph)
    return Record(3, "DepthwiseConv2DOptions", {**_fields(op, graph), "DepthMultiplier": w.shape[3] // x.shape[3]})


def _read_dense(op: FileOp) -> Op:
    options = op.options("FullyConnectedOptions")
    layout = options.integer("WeightsFormat")
    require(layout == 0, f"weights format {layout}")
    x, w = op.input(0), op.input(1)
    if len(w.shape) == 2:
        rows = x.shape[:-1] if options.flag("KeepNumDims") else (x.elements // w.shape[1],)
        op.gives((*rows, w.shape[0]))
    return FullyConnected(**op.operands(), activation=read_activation(options))


def _write_dense(op: FullyConnected, graph: Graph) -> Record:
    x, w, _, y = op.operands(graph)
    keeps = len(y.shape) > 2 and y.shape == (*x.shape[:-1], w.shape[0])
    fields = {"FusedActivationFunction": write_activation(op.activation), "KeepNumDims": keeps}
    fields |= _bias_type(op, graph)
    return Record(4 if x.dtype == "int8" else 1, "FullyConnectedOptions", fields)


def _read_transpose_conv(op: FileOp) -> Op:
    """The file's inputs are: shape of the output, weights, input, bias."""
    options = op.options("TransposeConvOptions")
    shape = op.sizes(0, op.outputs[0].shape)
    op.gives(shape)
    require(shape == op.outputs[0].shape, f"output shape {shape} for {op.outputs[0]}")
    x, w, y = op.input(2), op.input(1), op.outputs[0]
    four_dimensions(x, w, y)
    stride = options.integer("StrideH"), options.integer("StrideW")
    require(min(stride) >= 1, f"stride {stride}")
    require(w.shape[3] == x.shape[3], f"{x.shape[3]} input channels, weights for {w.shape[3]}")
    operands = op.operands(2, 1)
    operands["inputs"] += tuple(t.name if t else None for t in op.inputs[3:])
    return TransposeConv(
        **operands,
        stride=stride,
        padding=read_pads(options.integer("Padding"), y, w.shape[1:3], stride, (1, 1)),
        activation=read_activation(options),
    )


def _write_transpose_conv(op: TransposeConv, graph: Graph) -> Record:
    x, w, b, y = op.operands(graph)
    if w.shape[3] != x.shape[3]:
        raise NotInFiles(op, "where its channels have no groups")
    fields = {
        "Padding": write_pads(op.padding, y, y, w.shape[1:3], op.stride, (1, 1)),
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "FusedActivationFunction": write_activation(op.activation),
    }
    count = len(op.inputs)
    order = (count, 1, 0, *range(2, count))
    return Record(4 if b is not None else 3, "TransposeConvOptions", fields, {"shape": y.shape}, order=order)


def _read_batch_matmul(op: FileOp) -> Op:
    options = op.options("BatchMatMulOptions")
    return BatchMatMul(**op.operands(), adj_x=options.flag("AdjX"), adj_y=options.flag("AdjY"))


def _write_batch_matmul(op: BatchMatMul, graph: Graph) -> Record:
    version = {"float32": 1, "int8": 2, "int16": 3}[graph[op.outputs[0]].dtype]
    return Record(version, "BatchMatMulOptions", {"AdjX": op.adj_x, "AdjY": op.adj_y})


OPERATORS = (
    Operator("BATCH_MATMUL", BatchMatMul, _read_batch_matmul, _write_batch_matmul),
    Operator("CONV_2D", Conv2D, _read_conv2d, _write_conv2d),
    Operator("DEPTHWISE_CONV_2D", DepthwiseConv2D, _read_depthwise, _write_depthwise),
    Operator("FULLY_CONNECTED", FullyConnected, _read_dense, _write_dense),
    Operator("TRANSPOSE_CONV", TransposeConv, _read_transpose_conv, _write_transpose_conv),
)
