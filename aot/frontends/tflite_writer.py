"""Graph -> TensorFlow Lite flatbuffer: the inverse of the front end. The same graph always gives the same bytes."""

from collections.abc import Iterable
from typing import Any

import flatbuffers
import numpy as np
import tflite

from aot.errors import AotError
from aot.frontends.identifiers import Names, identifier, short_label
from aot.frontends.tflite_ops import OPERATORS, Record
from aot.frontends.variables import reset_value
from aot.ir import Array, Graph, Op, Quant, State, Tensor, prune_tensors

_SCHEMA_VERSION = 3
_LARGEST_OLD_CODE = 127  # the schema's first field for operators has 8 bits; this value in it says: read the second
_BUFFER_ALIGNMENT = 16  # what the schema promises to kernels that read weights in place
_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "bool": tflite.TensorType.BOOL,
}
_WRITERS = {operator.kind: operator for operator in OPERATORS if operator.write is not None}


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
        self._variables = {state.current for state in graph.state}
        written = {state.next for state in graph.state}  # which the file knows as the variable itself
        for state in graph.state:
            _check_state(graph, state)
        self._builder = flatbuffers.Builder(1024)
        records = [_record(op, graph) for op in graph.ops]
        # The graph's own tensors first: so they are the first to claim their names when the file is read.
        names = Names()
        for name in graph.tensors:
            names.unique(name)
        extra = [_index_tensors(op, record, names) for op, (_, record) in zip(graph.ops, records, strict=True)]
        own = (t for name, t in graph.tensors.items() if name not in written)
        self._tensors = [*own, *(t for tensors in extra for t in tensors)]
        self._number = {t.name: i for i, t in enumerate(self._tensors)}
        self._ops = list(zip(graph.ops, records, extra, strict=True))
        self._codes = sorted({(builtin, record.version) for builtin, record in records})

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
        old = min(code, _LARGEST_OLD_CODE)
        return _table(self._builder, "OperatorCode", DeprecatedBuiltinCode=old, BuiltinCode=code, Version=version)

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
            IsVariable=True if tensor.name in self._variables else None,
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

    def _operator(self, op: Op, written: tuple[str, Record], extra: list[Tensor]) -> int:
        builtin, record = written
        inputs = [-1 if name is None else self._number[name] for name in op.inputs]
        place = len(inputs) if record.place is None else record.place
        inputs[place:place] = [self._number[t.name] for t in extra]
        inputs = [inputs[i] for i in record.order] or inputs
        return _table(
            self._builder,
            "Operator",
            OpcodeIndex=self._codes.index((builtin, record.version)),
            Inputs=self._integers(inputs),
            Outputs=self._integers(self._number[name] for name in op.outputs if name in self._number),
            BuiltinOptionsType=getattr(tflite.BuiltinOptions, record.options) if record.options else None,
            BuiltinOptions=_table(self._builder, record.options, **record.fields) if record.options else None,
        )


def _check_state(graph: Graph, state: State) -> None:
    """The file keeps a state as a variable tensor: one that an operator updates, and that begins as zero."""
    op = graph.producer(state.next)
    updates = _WRITERS[type(op)].updates if op is not None and type(op) in _WRITERS else ()
    held = op is not None and state.current in [op.inputs[i] for i in updates]
    if not held or not np.array_equal(state.initial, reset_value(graph[state.current])):
        raise AotError(f"%{state.current} is a state that a .tflite file cannot hold as a variable tensor")


def _labels(tensors: list[Tensor]) -> dict[str, str]:
    """What the file calls each tensor, by name: its label, unless the name it would be read back with is another's."""
    names = Names()
    computed_first = sorted(tensors, key=lambda t: t.constant)  # the order in which the front end hands out names
    if all(names.unique(short_label(t.label)) == t.name for t in computed_first):
        return {t.name: t.label for t in tensors}
    return {t.name: t.label if identifier(short_label(t.label)) == t.name else t.name for t in tensors}


def _index_tensors(op: Op, record: Record, names: Names) -> list[Tensor]:
    """Attributes that the file keeps as constant inputs."""
    return [_index_tensor(names.unique(f"{op.name}_{key}"), values) for key, values in record.indices.items()]


def _index_tensor(name: str, values: Any) -> Tensor:
    data = np.array(values, np.int32)
    return Tensor(name, data.shape, "int32", data=data, label=name)


def _record(op: Op, graph: Graph) -> tuple[str, Record]:
    """What the file calls `op`, and what it says of it."""
    operator = _WRITERS.get(type(op))
    if operator is None or operator.write is None:
        raise AotError(f"{op.kind} cannot be written to a .tflite file")
    return operator.builtin, operator.write(op, graph)
