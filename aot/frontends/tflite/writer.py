"""Graph -> TensorFlow Lite flatbuffer: the inverse of the front end. The same graph always gives the same bytes."""

from collections.abc import Iterable

import flatbuffers
import numpy as np
import tflite

from aot.frontends.tflite.parts import Line, Part, parts_of
from aot.frontends.tflite.variables import HANDLE
from aot.graph.identifiers import Names, identifier, short_label
from aot.graph.ir import Array, Graph, Quant, Tensor

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
    HANDLE: tflite.TensorType.RESOURCE,
}


def write(graph: Graph) -> bytes:
    """The bytes of a .tflite file that the front end reads as `graph`."""
    return write_parts(parts_of(graph))


def write_parts(parts: list[Part]) -> bytes:
    """The bytes of a .tflite file of these subgraphs."""
    return _Writer(parts).model()


def _table(builder: flatbuffers.Builder, kind: str, **values: float | None) -> int:
    """A flatbuffer table of the schema's `kind`; `values` are its fields by the schema's names, None if absent."""
    getattr(tflite, f"{kind}Start")(builder)
    for key, value in values.items():
        if value is not None:
            getattr(tflite, f"{kind}Add{key}")(builder, value)
    return int(getattr(tflite, f"{kind}End")(builder))


class _Writer:
    """Builds one flatbuffer, from the leaves up."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._builder = flatbuffers.Builder(1024)
        self._codes = sorted({(line.builtin, line.record.version) for part in self._parts for line in part.lines})
        tensors = [t for part in self._parts for t in part.tensors]
        self._labels = _labels(tensors)
        constants = [t for t in tensors if t.data is not None]
        # Buffer 0 is empty: the one that tensors without data refer to.
        self._buffer_of = {t.name: number for number, t in enumerate(constants, start=1)}
        self._data = [t.data for t in constants]

    def model(self) -> bytes:
        b = self._builder
        buffers = [_table(b, "Buffer"), *(self._buffer(data) for data in self._data if data is not None)]
        vectors = {
            "OperatorCodes": self._vector([self._code(builtin, version) for builtin, version in self._codes]),
            "Subgraphs": self._vector([self._subgraph(part) for part in self._parts]),
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

    def _subgraph(self, part: Part) -> int:
        number = {t.name: i for i, t in enumerate(part.tensors)}
        return _table(
            self._builder,
            "SubGraph",
            Tensors=self._vector([self._tensor(t, t.name in part.variables) for t in part.tensors]),
            Inputs=self._integers(number[name] for name in part.inputs),
            Outputs=self._integers(number[name] for name in part.outputs),
            Operators=self._vector([self._operator(line, number) for line in part.lines]),
            Name=self._builder.CreateString(part.name),
        )

    def _tensor(self, tensor: Tensor, variable: bool) -> int:
        return _table(
            self._builder,
            "Tensor",
            Shape=self._integers(tensor.shape),
            Type=_TYPES[tensor.dtype],
            Buffer=self._buffer_of.get(tensor.name, 0),
            Name=self._builder.CreateString(self._labels[tensor.name]),
            IsVariable=True if variable else None,
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

    def _operator(self, line: Line, number: dict[str, int]) -> int:
        record = line.record
        return _table(
            self._builder,
            "Operator",
            OpcodeIndex=self._codes.index((line.builtin, record.version)),
            Inputs=self._integers(-1 if name is None else number[name] for name in line.inputs),
            Outputs=self._integers(number[name] for name in line.outputs),
            Intermediates=self._integers(number[name] for name in line.intermediates) if line.intermediates else None,
            BuiltinOptionsType=getattr(tflite.BuiltinOptions, record.options) if record.options else None,
            BuiltinOptions=self._options(line) if record.options else None,
        )

    def _options(self, line: Line) -> int:
        values = {**line.record.fields, **line.subgraphs}
        built = {k: self._builder.CreateString(v) if isinstance(v, str) else v for k, v in values.items()}
        return _table(self._builder, line.record.options, **built)


def _labels(tensors: list[Tensor]) -> dict[str, str]:
    """What the file calls each tensor, by name: its label, unless the name it would be read back with is another's."""
    names = Names()
    computed_first = sorted(tensors, key=lambda t: t.constant)  # the order in which the front end hands out names
    if all(names.unique(short_label(t.label)) == t.name for t in computed_first):
        return {t.name: t.label for t in tensors}
    return {t.name: t.label if identifier(short_label(t.label)) == t.name else t.name for t in tensors}
