"""Graph -> TensorFlow Lite flatbuffer: the inverse of the front end. The same graph always gives the same bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

from aot.errors import AotError
from aot.frontends.identifiers import Names, identifier, short_label
from aot.ir import Array, Graph, Op, Quant, Tensor, prune_tensors
from aot.ops.add import Add
from aot.ops.common import Activation, Pads, same_pads
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.logistic import Logistic
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose

_SCHEMA_VERSION = 3
_BUFFER_ALIGNMENT = 16  # what the schema promises to kernels that read weights in place
_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "bool": tflite.TensorType.BOOL,
}
_ACTIVATIONS = {
    Activation.NONE: tflite.ActivationFunctionType.NONE,
    Activation.RELU: tflite.ActivationFunctionType.RELU,
    Activation.RELU6: tflite.ActivationFunctionType.RELU6,
    Activation.RELU_N1_TO_1: tflite.ActivationFunctionType.RELU_N1_TO_1,
}


@dataclass(frozen=True)
class FileOp:
    """An operator as the file has it: its code there, the version, the option table, and index tensors after inputs."""

    builtin: str
    version: int
    options: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    indices: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def write(graph: Graph) -> bytes:
    """The bytes of a .tflite file that the front end reads as `graph`."""
    return _Writer(graph).model()


def _table(builder: Any, kind: str, **values: Any) -> int:
    """A flatbuffer table of the schema's `kind`; `values` are its fields by the schema's names, None if absent."""
    getattr(tflite, f"{kind}Start")(builder)
    for key, value in values.items():
        if value is not None:
            getattr(tflite, f"{kind}Add{key}")(builder, value)
    return int(getattr(tflite, f"{kind}End")(builder))


class _Writer:
    """Builds one flatbuffer, from the leaves up."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph = prune_tensors(graph)
        self._builder = flatbuffers.Builder(1024)
        records = [_record(op, graph) for op in graph.ops]
        # The graph's own tensors first: so they are the first to claim their names when the file is read.
        names = Names()
        for name in graph.tensors:
            names.unique(name)
        extra = [_index_tensors(op, record, names) for op, record in zip(graph.ops, records, strict=True)]
        self._tensors = [*graph.tensors.values(), *(t for tensors in extra for t in tensors)]
        self._number = {t.name: i for i, t in enumerate(self._tensors)}
        self._ops = list(zip(graph.ops, records, extra, strict=True))
        self._codes = sorted({(record.builtin, record.version) for record in records})

    def model(self) -> bytes:
        b = self._builder
        # Buffer 0 is empty: the one that tensors without data refer to.
        buffers = [_table(b, "Buffer"), *(self._buffer(t.data) for t in self._tensors if t.data is not None)]
        vectors = {
            "OperatorCodes": self._vector([self._code(builtin, version) for builtin, version in self._codes]),
            "Subgraphs": self._vector([self._subgraph()]),
            "Buffers": self._vector(buffers),
        }
        description = b.CreateString("aot")
        root = _table(b, "Model", Version=_SCHEMA_VERSION, Description=description, **vectors)
        b.Finish(root, b"TFL3")
        return bytes(b.Output())

    def _vector(self, tables: list[int]) -> int:
        b = self._builder
        b.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            b.PrependUOffsetTRelative(table)
        return int(b.EndVector())

    def _integers(self, values: Iterable[int], dtype: type = np.int32) -> int:
        return int(self._builder.CreateNumpyVector(np.array(list(values), dtype)))

    def _buffer(self, data: Array) -> int:
        raw = data.astype(data.dtype.newbyteorder("<")).tobytes()
        self._builder.Prep(_BUFFER_ALIGNMENT, len(raw))
        return _table(self._builder, "Buffer", Data=self._builder.CreateByteVector(raw))

    def _code(self, builtin: str, version: int) -> int:
        code = getattr(tflite.BuiltinOperator, builtin)
        return _table(self._builder, "OperatorCode", DeprecatedBuiltinCode=code, BuiltinCode=code, Version=version)

    def _subgraph(self) -> int:
        constants = [t.name for t in self._tensors if t.data is not None]
        buffer_of = {name: number for number, name in enumerate(constants, start=1)}
        labels = _labels(self._tensors)
        tensors = [self._tensor(t, labels[t.name], buffer_of.get(t.name, 0)) for t in self._tensors]
        return _table(
            self._builder,
            "SubGraph",
            Tensors=self._vector(tensors),
            Inputs=self._integers(self._number[name] for name in self._graph.inputs),
            Outputs=self._integers(self._number[name] for name in self._graph.outputs),
            Operators=self._vector([self._operator(*op) for op in self._ops]),
            Name=self._builder.CreateString(self._graph.name),
        )

    def _tensor(self, tensor: Tensor, label: str, buffer: int) -> int:
        return _table(
            self._builder,
            "Tensor",
            Shape=self._integers(tensor.shape),
            Type=_TYPES[tensor.dtype],
            Buffer=buffer,
            Name=self._builder.CreateString(label),
            Quantization=None if tensor.quant is None else self._quantization(tensor.quant, len(tensor.shape)),
        )

    def _quantization(self, quant: Quant, rank: int) -> int:
        # Old converters gave biases the axis of their weights; LiteRT refuses an axis that the tensor does not have.
        axis = quant.axis if quant.axis is not None and quant.axis < rank else 0
        return _table(
            self._builder,
            "QuantizationParameters",
            Scale=int(self._builder.CreateNumpyVector(np.array(quant.scale, np.float32))),
            ZeroPoint=self._integers(quant.zero_point, np.int64),
            QuantizedDimension=axis,
        )

    def _operator(self, op: Op, record: FileOp, extra: list[Tensor]) -> int:
        inputs = [-1 if name is None else self._number[name] for name in op.inputs]
        inputs += [self._number[t.name] for t in extra]
        return _table(
            self._builder,
            "Operator",
            OpcodeIndex=self._codes.index((record.builtin, record.version)),
            Inputs=self._integers(inputs),
            Outputs=self._integers(self._number[name] for name in op.outputs),
            BuiltinOptionsType=getattr(tflite.BuiltinOptions, record.options) if record.options else None,
            BuiltinOptions=_table(self._builder, record.options, **record.fields) if record.options else None,
        )


def _labels(tensors: list[Tensor]) -> dict[str, str]:
    """What the file calls each tensor, by name: its label, unless the name it would be read back with is another's."""
    names = Names()
    computed_first = sorted(tensors, key=lambda t: t.constant)  # the order in which the front end hands out names
    if all(names.unique(short_label(t.label)) == t.name for t in computed_first):
        return {t.name: t.label for t in tensors}
    return {t.name: t.label if identifier(short_label(t.label)) == t.name else t.name for t in tensors}


def _index_tensors(op: Op, record: FileOp, names: Names) -> list[Tensor]:
    """Attributes that the file keeps as constant inputs."""
    return [_index_tensor(names.unique(f"{op.name}_{key}"), values) for key, values in record.indices.items()]


def _index_tensor(name: str, values: tuple[Any, ...]) -> Tensor:
    data = np.array(values, np.int32)
    return Tensor(name, data.shape, "int32", data=data, label=name)


def _record(op: Op, graph: Graph) -> FileOp:
    writer = _WRITERS.get(type(op))
    if writer is None:
        raise AotError(f"{op.kind} cannot be written to a .tflite file")
    return writer(op, graph)


def _padding(op: Conv2D | DepthwiseConv2D | AveragePool2D | MaxPool2D, graph: Graph, dilation: tuple[int, int]) -> int:
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    kernel = op.kernel if isinstance(op, AveragePool2D | MaxPool2D) else graph[op.inputs[1]].shape[1:3]
    same: Pads = (
        same_pads(x.shape[1], kernel[0], op.stride[0], dilation[0]),
        same_pads(x.shape[2], kernel[1], op.stride[1], dilation[1]),
    )
    if op.padding == ((0, 0), (0, 0)):
        return int(tflite.Padding.VALID)  # also where SAME would add nothing
    if op.padding != same:
        raise AotError(
            f"%{y.name} is padded by {op.padding}, which a .tflite file can only say with an operator of its own",
            "put a Pad operator in front",
        )
    return int(tflite.Padding.SAME)


def _convolution(op: Conv2D | DepthwiseConv2D, graph: Graph) -> dict[str, Any]:
    return {
        "Padding": _padding(op, graph, op.dilation),
        "StrideH": op.stride[0],
        "StrideW": op.stride[1],
        "DilationHFactor": op.dilation[0],
        "DilationWFactor": op.dilation[1],
        "FusedActivationFunction": _ACTIVATIONS[op.activation],
    }


def _conv2d(op: Any, graph: Graph) -> FileOp:
    return FileOp("CONV_2D", 3, "Conv2DOptions", _convolution(op, graph))


def _depthwise_conv2d(op: Any, graph: Graph) -> FileOp:
    multiplier = graph[op.inputs[1]].shape[3] // graph[op.inputs[0]].shape[3]
    fields = {**_convolution(op, graph), "DepthMultiplier": multiplier}
    return FileOp("DEPTHWISE_CONV_2D", 3, "DepthwiseConv2DOptions", fields)


def _fully_connected(op: Any, graph: Graph) -> FileOp:
    x, w, y = graph[op.inputs[0]], graph[op.inputs[1]], graph[op.outputs[0]]
    keeps = len(y.shape) > 2 and y.shape == (*x.shape[:-1], w.shape[0])
    fields = {"FusedActivationFunction": _ACTIVATIONS[op.activation], "KeepNumDims": keeps}
    return FileOp("FULLY_CONNECTED", 4 if x.dtype == "int8" else 1, "FullyConnectedOptions", fields)


def _pool2d(builtin: str) -> Callable[[Any, Graph], FileOp]:
    def record(op: Any, graph: Graph) -> FileOp:
        fields = {
            "Padding": _padding(op, graph, (1, 1)),
            "StrideH": op.stride[0],
            "StrideW": op.stride[1],
            "FilterHeight": op.kernel[0],
            "FilterWidth": op.kernel[1],
            "FusedActivationFunction": _ACTIVATIONS[op.activation],
        }
        return FileOp(builtin, 2, "Pool2DOptions", fields)

    return record


def _add(op: Any, graph: Graph) -> FileOp:
    version = 2 if graph[op.outputs[0]].dtype == "int8" else 1
    return FileOp("ADD", version, "AddOptions", {"FusedActivationFunction": _ACTIVATIONS[op.activation]})


def _concatenation(op: Any, graph: Graph) -> FileOp:
    fields = {"Axis": op.axis, "FusedActivationFunction": _ACTIVATIONS[op.activation]}
    return FileOp("CONCATENATION", 2, "ConcatenationOptions", fields)


def _mean(op: Any, graph: Graph) -> FileOp:
    return FileOp("MEAN", 2, "ReducerOptions", {"KeepDims": op.keep_dims}, {"axes": op.axes})


def _pad(op: Any, graph: Graph) -> FileOp:
    return FileOp("PAD", 2, "PadOptions", indices={"paddings": op.pads})


def _reshape(op: Any, graph: Graph) -> FileOp:
    return FileOp("RESHAPE", 1, "ReshapeOptions", indices={"shape": graph[op.outputs[0]].shape})


def _transpose(op: Any, graph: Graph) -> FileOp:
    return FileOp("TRANSPOSE", 2, "TransposeOptions", indices={"permutation": op.permutation})


def _softmax(op: Any, graph: Graph) -> FileOp:
    return FileOp("SOFTMAX", 2, "SoftmaxOptions", {"Beta": op.beta})


def _plain(builtin: str, version: int, options: str = "") -> Callable[[Any, Graph], FileOp]:
    return lambda op, graph: FileOp(builtin, version, options)


_WRITERS: dict[type[Op], Callable[[Any, Graph], FileOp]] = {
    Add: _add,
    AveragePool2D: _pool2d("AVERAGE_POOL_2D"),
    Concatenation: _concatenation,
    Conv2D: _conv2d,
    DepthwiseConv2D: _depthwise_conv2d,
    Dequantize: _plain("DEQUANTIZE", 2, "DequantizeOptions"),
    FullyConnected: _fully_connected,
    Logistic: _plain("LOGISTIC", 2),
    MaxPool2D: _pool2d("MAX_POOL_2D"),
    Mean: _mean,
    Pad: _pad,
    Quantize: _plain("QUANTIZE", 2, "QuantizeOptions"),
    Relu: _plain("RELU", 2),
    Relu6: _plain("RELU6", 2),
    Reshape: _reshape,
    Softmax: _softmax,
    Transpose: _transpose,
}
