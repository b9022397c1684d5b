"""TensorFlow Lite flatbuffer -> Graph."""

import struct
import sys

import numpy as np
import tflite

from aot.base.errors import AotError
from aot.frontends.settings import NO_SETTINGS, Settings, Shapes, with_constants
from aot.frontends.tflite.foreign import refuse_foreign
from aot.frontends.tflite.subgraph import read_graph
from aot.frontends.tflite.tables import Model, OperatorTable, TensorTable, Vector, model_of
from aot.frontends.tflite.variables import HANDLE
from aot.graph.identifiers import Names, shown_label
from aot.graph.ir import Array, Graph, Quant, Tensor

_SCHEMA_VERSION = 3
# No microcontroller holds a tensor of this size, and no operator has so many dimensions: whatever does is damaged, or
# the wrong kind of model.
_MAX_TENSOR_BYTES = 64 << 20
_MAX_RANK = 16
_LEAST_SCALE = float(np.finfo(np.float32).tiny)  # below it, cores and LiteRT's kernels differ
_LONGEST_LABEL = 200
_LONGEST_NAME = 65_535  # bytes, which is what an archive of arrays can call an input
# What flatbuffers' Python reader raises when offsets or lengths in the file point nowhere.
_DAMAGE = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError, KeyError, AssertionError)
_TYPES = {
    tflite.TensorType.FLOAT32: "float32",
    tflite.TensorType.FLOAT16: "float16",
    tflite.TensorType.INT4: "int8",  # of constants, unpacked when read
    tflite.TensorType.INT8: "int8",
    tflite.TensorType.UINT8: "uint8",
    tflite.TensorType.INT16: "int16",
    tflite.TensorType.INT32: "int32",
    tflite.TensorType.INT64: "int64",
    tflite.TensorType.BOOL: "bool",
}


def _names_of(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if not name.startswith("_")}


_TYPE_NAMES = _names_of(tflite.TensorType)
_BUILTIN_NAMES = _names_of(tflite.BuiltinOperator)


def recognizes(content: bytes) -> bool:
    """Whether a file begins as those of TensorFlow Lite do."""
    return content[4:8] == b"TFL3"


def parse(content: bytes, name: str, source: str, settings: Settings = NO_SETTINGS) -> Graph:
    """The graph in the bytes of a .tflite file, called `name`; `source` is what errors call it.

    Its inputs have the shapes that `settings` give, others those of the file; its images have their channels last.
    """
    try:
        model = model_of(content)
        if model.Version() != _SCHEMA_VERSION:
            raise AotError(
                f"{source} has schema version {model.Version()}; aot reads version {_SCHEMA_VERSION}",
                "convert the model again with a current TensorFlow Lite converter",
            )
        refuse_foreign(model, source)
        graph = read_graph(_Reader(model, len(content), source, settings.shapes), name)
        return with_constants(graph, settings.constants, source)
    except AotError:
        raise
    except _DAMAGE as error:
        raise AotError(
            f"{source} is damaged: its tables do not fit together ({type(error).__name__})",
            "copy or convert the model again; the file may be truncated",
        ) from error


def _text(raw: bytes | None) -> str:
    """A name in the file, fit to be shown: one line of printable text."""
    return shown_label((raw or b"")[: 4 * _LONGEST_LABEL].decode("utf-8", "replace"))


def _dims(t: TensorTable) -> tuple[int, ...]:
    return tuple(int(d) for d in t.ShapeAsNumpy()) if t.ShapeLength() else ()


def _signature(t: TensorTable) -> tuple[int, ...]:
    """The shape with -1 for what is free; of older files, the shape."""
    return tuple(int(d) for d in t.ShapeSignatureAsNumpy()) if t.ShapeSignatureLength() else _dims(t)


def _fits(number: int, dtype: str) -> bool:
    """Whether a type of integers holds a number; of reals there is nothing to ask."""
    limits = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else None
    return limits is None or limits.min <= number <= limits.max


def _unpacked(raw: Array, count: int) -> Array:
    """`count` int4 numbers, the first of two in the lower half of its byte, as bytes of int8."""
    halves = np.stack([raw & 15, raw >> 4], axis=-1).reshape(-1)
    whole: Array = halves[:count] if len(raw) == (count + 1) // 2 else raw[:0]  # of another length: damaged
    return ((whole ^ 8).astype(np.int8) - 8).view(np.uint8)


class _Reader:
    """Walks one flatbuffer. Every length read from the file is checked against the file's size first."""

    def __init__(self, model: Model, size: int, source: str, shapes: Shapes) -> None:
        self.model, self.source, self.shapes = model, source, shapes
        self._size = size
        self.names = Names()  # of all tensors, in whatever subgraph
        self.graphs_read = 0
        if model.SubgraphsLength() < 1:
            raise AotError(f"{source} has no subgraph", "convert the model again")

    def text(self, raw: bytes | None) -> str:
        """A name in the file, fit to be shown."""
        return _text(raw)

    def label(self, t: TensorTable) -> str:
        """What the file calls a tensor, fit to be shown."""
        return _text(t.Name())

    def whole_label(self, t: TensorTable) -> str:
        """What the file calls a tensor, for users who say it exactly; equal ones are held once."""
        return sys.intern((t.Name() or b"")[:_LONGEST_NAME].decode("utf-8", "replace"))

    def _buffer(self, t: TensorTable) -> int:
        number = int(t.Buffer())
        if not 0 <= number < self.model.BuffersLength():
            raise ValueError("a buffer number is out of range")
        return number

    def holds_data(self, t: TensorTable) -> bool:
        """Whether a tensor is a constant."""
        return bool(self.model.Buffers(self._buffer(t)).DataLength() > 0)

    def count(self, length: int) -> int:
        """A length that the file can hold."""
        if not 0 <= length * 4 <= self._size:
            raise ValueError("a vector is longer than the file")
        return length

    def indices(self, vector: Vector, count: int, lowest: int = 0) -> list[int]:
        """A vector of tensor numbers from `lowest` up."""
        indices = [] if isinstance(vector, int) else [int(i) for i in vector]
        if any(not lowest <= i < count for i in indices):
            raise ValueError("a tensor number is out of range")
        return indices

    def kind(self, o: OperatorTable) -> str:
        """What the file calls an operator."""
        code = self.model.OperatorCodes(o.OpcodeIndex())
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = _BUILTIN_NAMES.get(builtin, f"operator {builtin}")
        return f"custom operator {_text(code.CustomCode())}" if kind == "CUSTOM" else kind

    def tensor(self, t: TensorTable, name: str) -> Tensor:
        """A tensor, under the name that C gives it."""
        label = self.label(t)
        shape = self._shape(t, label)
        if t.Type() == tflite.TensorType.RESOURCE:
            return Tensor(name, shape, HANDLE, label=label)
        if t.Type() not in _TYPES:
            raise AotError(
                f"tensor {label!r} has type {_TYPE_NAMES.get(t.Type(), t.Type())}, which aot does not support",
                f"supported types: {', '.join(sorted({*_TYPES.values(), 'int4 weights'}))}",
            )
        if t.Sparsity() is not None:
            raise AotError(f"tensor {label!r} is sparse", "convert the model without sparse weights")
        dtype = _TYPES[t.Type()]
        return Tensor(name, shape, dtype, self._quant(t, dtype, label), self._data(t, shape, dtype, label), label)

    def _shape(self, t: TensorTable, label: str) -> tuple[int, ...]:
        if max(t.ShapeLength(), t.ShapeSignatureLength()) > _MAX_RANK:
            raise ValueError("a tensor with more dimensions than any operator takes")
        shape = _dims(t)
        if self.is_free(t):
            return tuple(max(extent, 1) for extent in shape)
        if min(shape, default=0) < 0:
            raise AotError(f"tensor {label!r} has a dynamic shape {list(shape)}", "convert the model again")
        return shape

    def is_free(self, t: TensorTable) -> bool:
        """Whether the shape in the file is but a placeholder for what follows from those of the inputs.

        One without dimensions may be, where the converter knew nothing of it; if the user gives shapes, all are.
        """
        if t.IsVariable() or self.holds_data(t):
            return False
        return bool(self.shapes) or t.ShapeLength() == 0 or min(*_dims(t), *_signature(t)) < 0

    def unknown(self, t: TensorTable) -> tuple[int, ...]:
        """The shape of an input that only the user can tell, free dimensions as -1; none where the file tells it.

        A free batch dimension of 1 is what converters write by default; the model then runs one sample at a time.
        """
        shape, signature = _dims(t), _signature(t)
        free_batch = signature[:1] == (-1,) and shape[:1] != (1,)
        return signature if free_batch or min((0, *shape, *signature[1:])) < 0 else ()

    def _quant(self, t: TensorTable, dtype: str, label: str) -> Quant | None:
        q = t.Quantization()
        if q is None or q.ScaleLength() == 0:
            return None
        scales = tuple(float(s) for s in q.ScaleAsNumpy())
        zeros = tuple(int(z) for z in q.ZeroPointAsNumpy()) if q.ZeroPointLength() else (0,) * len(scales)
        if not all(np.isfinite(s) and s > 0 for s in scales):
            raise AotError(f"tensor {label!r} has a scale that is not a positive number", "quantize the model again")
        if min(scales) < _LEAST_SCALE:
            raise AotError(f"tensor {label!r} has scale {min(scales):g}, which float32 holds without full precision",
                           "quantize the model again, with samples that reach this tensor")  # fmt: skip
        if len(zeros) != len(scales):
            raise AotError(f"tensor {label!r} has {len(scales)} scales but {len(zeros)} zero points")
        if outside := [zero for zero in zeros if not _fits(zero, dtype)]:
            raise AotError(f"tensor {label!r} has a zero point of {outside[0]}, which is no {dtype}",
                           "quantize the model again")  # fmt: skip
        return Quant(scales, zeros, q.QuantizedDimension() if len(scales) > 1 else None)

    def _data(self, t: TensorTable, shape: tuple[int, ...], dtype: str, label: str) -> Array | None:
        size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
        if size > _MAX_TENSOR_BYTES:
            raise AotError(f"tensor {label!r} takes {size} bytes: too large for a microcontroller")
        buffer = self.model.Buffers(self._buffer(t))
        if buffer.Offset() > 1:
            raise AotError(f"tensor {label!r} keeps its data outside the flatbuffer", "convert the model again")
        packed = t.Type() == tflite.TensorType.INT4
        if buffer.DataLength() == 0:
            if packed:
                raise AotError(
                    f"tensor {label!r} is int4 and no constant", "keep activations in int8: only weights in int4"
                )
            return None
        raw = _unpacked(buffer.DataAsNumpy(), size) if packed else buffer.DataAsNumpy()
        if raw.nbytes != size:
            raise AotError(f"tensor {label!r} has {raw.nbytes} bytes of data for {size}", "convert the model again")
        data: Array = raw.view(np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
        if dtype in ("float16", "float32") and not np.all(np.isfinite(data)):
            raise AotError(f"tensor {label!r} holds weights that are not finite", "train or convert the model again")
        return data
