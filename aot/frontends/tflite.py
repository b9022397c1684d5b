"""TensorFlow Lite flatbuffer -> Graph."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from aot.errors import AotError
from aot.frontends.identifiers import Names, model_name, short_label
from aot.frontends.tflite_ops import OPERATORS, FileOp
from aot.frontends.tflite_ops.unsigned import with_signed_codes
from aot.frontends.tflite_ops.weights import with_real_weights
from aot.frontends.variables import reset_value
from aot.ir import Array, Graph, Op, Quant, State, Tensor, Unsupported
from aot.ops.unknown import Unknown

_SCHEMA_VERSION = 3
# No microcontroller holds a file or a tensor of these sizes, and no operator has so many dimensions: whatever does is
# damaged, or the wrong kind of model.
_MAX_FILE_BYTES = 256 << 20
_MAX_TENSOR_BYTES = 64 << 20
_MAX_RANK = 16
_LONGEST_LABEL = 200
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
_OPERATORS = {operator.builtin: operator for operator in OPERATORS}


def load(path: str | Path, name: str | None = None) -> Graph:
    """Read a .tflite file; the graph is called `name`, or after the file. Raises AotError for any fault in it."""
    return parse(read(path), name or Path(path).stem, str(path))


def read(path: str | Path) -> bytes:
    """The bytes of a model file. Raises AotError where there is none, or one that no microcontroller could hold."""
    path = Path(path)
    hint = "give the path of a .tflite file"
    try:
        if path.exists() and not path.is_file():
            raise AotError(f"{path} is {'a folder' if path.is_dir() else 'not a file'}", hint)
        if (size := path.stat().st_size) > _MAX_FILE_BYTES:
            raise AotError(f"{path} has {size:,} bytes: too large for a microcontroller", hint)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise AotError(f"cannot read {path}: {reason}", hint) from None


def parse(content: bytes, name: str, source: str = "model") -> Graph:
    """The graph in the bytes of a .tflite file, called `name` as far as C allows; `source` is what errors call it."""
    _check_header(content, source)
    try:
        model = tflite.Model.GetRootAsModel(content, 0)
        if model.Version() != _SCHEMA_VERSION:
            raise AotError(
                f"{source} has schema version {model.Version()}; aot reads version {_SCHEMA_VERSION}",
                "convert the model again with a current TensorFlow Lite converter",
            )
        return _Reader(model, len(content), source).graph(model_name(name))
    except AotError:
        raise
    except _DAMAGE as error:
        raise AotError(
            f"{source} is damaged: its tables do not fit together ({type(error).__name__})",
            "copy or convert the model again; the file may be truncated",
        ) from error


def _check_header(content: bytes, source: str) -> None:
    if not content:
        raise AotError(f"{source} is empty", "copy or convert the model again")
    if content[4:8] != b"TFL3":
        raise AotError(
            f"{source} is not a TensorFlow Lite model (its identifier is not TFL3)",
            "aot reads .tflite files; convert Keras, PyTorch or ONNX models to .tflite first",
        )


def _text(raw: bytes | None) -> str:
    """A name in the file, fit to be shown: one line of printable text."""
    text = (raw or b"")[: 4 * _LONGEST_LABEL].decode("utf-8", "replace")[:_LONGEST_LABEL]
    return "".join(c if c.isprintable() else "?" for c in text)


def _unpacked(raw: Array, count: int) -> Array:
    """`count` int4 numbers, the first of two in the lower half of its byte, as bytes of int8."""
    halves = np.stack([raw & 15, raw >> 4], axis=-1).reshape(-1)
    whole: Array = halves[:count] if len(raw) == (count + 1) // 2 else raw[:0]  # of another length: damaged
    return ((whole ^ 8).astype(np.int8) - 8).view(np.uint8)


def _fault(graph: Graph) -> str | None:
    """What is wrong with how the graph's parts refer to each other, or None."""
    if not graph.inputs or not graph.outputs:
        return f"it has no {'outputs' if graph.inputs else 'inputs'}"
    if len(set(graph.inputs)) < len(graph.inputs):
        return "one tensor is among the inputs twice"
    for name in graph.inputs:
        if graph[name].constant:
            return f"its input %{name} is a constant"
    return _order_fault(graph)


def _order_fault(graph: Graph) -> str | None:
    """An operator that uses what is not there yet, or computes what is; an output that nothing computes."""
    known = {*graph.given, *(name for name, t in graph.tensors.items() if t.constant)}
    for op in graph.ops:
        for name in op.inputs:
            if name is not None and name not in known:
                return f"{op.kind} uses %{name} before it is computed"
        for name in op.outputs:
            if name in known:
                return f"{op.kind} computes %{name}, which is there already"
            known.add(name)
    missing = [name for name in graph.outputs if name not in known]
    return f"its output %{missing[0]} is never computed" if missing else None


class _Reader:
    """Walks one flatbuffer. Every length read from the file is checked against the file's size first."""

    def __init__(self, model: Any, size: int, source: str) -> None:
        self._model, self._size, self._source = model, size, source
        self._identifiers = Names()
        self._variables: dict[int, list[Tensor]] = {}  # the values of each variable tensor so far, by its number
        if model.SubgraphsLength() < 1:
            raise AotError(f"{source} has no subgraph", "convert the model again")
        self._subgraph = model.Subgraphs(0)

    def graph(self, name: str) -> Graph:
        count = self._count(self._subgraph.TensorsLength())
        names = self._names([self._subgraph.Tensors(i) for i in range(count)])
        tensors = [self._tensor(self._subgraph.Tensors(i), name) for i, name in enumerate(names)]
        inputs = [tensors[i].name for i in self._indices(self._subgraph.InputsAsNumpy(), count)]
        outputs = self._indices(self._subgraph.OutputsAsNumpy(), count)
        self._variables = {i: [t] for i, t in enumerate(tensors) if self._is_variable(self._subgraph.Tensors(i), t)}
        op_count = self._count(self._subgraph.OperatorsLength())
        ops = tuple(self._operator(self._subgraph.Operators(i), tensors) for i in range(op_count))
        returned = tuple(self._value(i, tensors).name for i in outputs)
        known = {t.name: t for t in (*tensors, *(t for values in self._variables.values() for t in values))}
        graph = Graph(name, known, ops, tuple(inputs), returned, self._states())
        if fault := _fault(graph):
            raise AotError(f"{self._source} is not a valid graph: {fault}", "convert the model again")
        return with_real_weights(with_signed_codes(graph))

    def _names(self, tensors: list[Any]) -> list[str]:
        """An identifier for each tensor; those computed choose before constants, whose labels are often the same."""
        names, result = self._identifiers, [""] * len(tensors)
        constant = [self._model.Buffers(self._buffer(t)).DataLength() > 0 for t in tensors]
        for i in sorted(range(len(tensors)), key=lambda i: constant[i]):
            result[i] = names.unique(short_label(self._label(tensors[i])))
        return result

    def _label(self, t: Any) -> str:
        return _text(t.Name())

    def _buffer(self, t: Any) -> int:
        number = int(t.Buffer())
        if not 0 <= number < self._model.BuffersLength():
            raise ValueError("a buffer number is out of range")
        return number

    def _count(self, length: int) -> int:
        if not 0 <= length * 4 <= self._size:
            raise ValueError("a vector is longer than the file")
        return length

    def _indices(self, vector: Any, count: int, lowest: int = 0) -> list[int]:
        """A vector of tensor numbers from `lowest` up; flatbuffers gives the integer 0 for an absent one."""
        indices = [] if isinstance(vector, int) else [int(i) for i in vector]
        if any(not lowest <= i < count for i in indices):
            raise ValueError("a tensor number is out of range")
        return indices

    def _tensor(self, t: Any, name: str) -> Tensor:
        label = self._label(t)
        shape = self._shape(t, label)
        if t.Type() not in _TYPES:
            raise AotError(
                f"tensor {label!r} has type {_TYPE_NAMES.get(t.Type(), t.Type())}, which aot does not support",
                f"supported types: {', '.join(sorted({*_TYPES.values(), 'int4 weights'}))}",
            )
        if t.Sparsity() is not None:
            raise AotError(f"tensor {label!r} is sparse", "convert the model without sparse weights")
        dtype = _TYPES[t.Type()]
        return Tensor(name, shape, dtype, self._quant(t, label), self._data(t, shape, dtype, label), label)

    def _shape(self, t: Any, label: str) -> tuple[int, ...]:
        if max(t.ShapeLength(), t.ShapeSignatureLength()) > _MAX_RANK:
            raise ValueError("a tensor with more dimensions than any operator takes")
        shape = tuple(int(d) for d in t.ShapeAsNumpy()) if t.ShapeLength() else ()
        signature = tuple(int(d) for d in t.ShapeSignatureAsNumpy()) if t.ShapeSignatureLength() else shape
        # A free batch dimension is what converters write by default; the model then runs one sample at a time.
        free_batch = signature[:1] == (-1,) and shape[:1] != (1,)
        if free_batch or any(d < 0 for d in (*shape, *signature[1:])):
            raise AotError(
                f"tensor {label!r} has a dynamic shape {list(signature)}",
                "convert the model with fixed input shapes (a free batch dimension of 1 is fine)",
            )
        if any(d == 0 for d in shape):
            raise AotError(f"tensor {label!r} has no elements: shape {list(shape)}", "convert the model again")
        return shape

    def _quant(self, t: Any, label: str) -> Quant | None:
        q = t.Quantization()
        if q is None or q.ScaleLength() == 0:
            return None
        scales = tuple(float(s) for s in q.ScaleAsNumpy())
        zeros = tuple(int(z) for z in q.ZeroPointAsNumpy()) if q.ZeroPointLength() else (0,) * len(scales)
        if not all(np.isfinite(s) and s > 0 for s in scales):
            raise AotError(f"tensor {label!r} has a scale that is not a positive number", "quantize the model again")
        if len(zeros) != len(scales):
            raise AotError(f"tensor {label!r} has {len(scales)} scales but {len(zeros)} zero points")
        return Quant(scales, zeros, q.QuantizedDimension() if len(scales) > 1 else None)

    def _data(self, t: Any, shape: tuple[int, ...], dtype: str, label: str) -> Array | None:
        size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
        if size > _MAX_TENSOR_BYTES:
            raise AotError(f"tensor {label!r} takes {size} bytes: too large for a microcontroller")
        buffer = self._model.Buffers(self._buffer(t))
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

    def _is_variable(self, t: Any, tensor: Tensor) -> bool:
        if t.IsVariable() and tensor.constant:
            raise AotError(f"tensor {tensor.label!r} is a variable that holds data", "convert the model again")
        return bool(t.IsVariable())

    def _value(self, number: int, tensors: list[Tensor]) -> Tensor:
        """What tensor `number` holds now: of a variable, the value that it was given last."""
        return self._variables[number][-1] if number in self._variables else tensors[number]

    def _renewed(self, number: int, tensors: list[Tensor]) -> Tensor:
        """The tensor that an operator writes; each value of a variable is a tensor of its own."""
        if number not in self._variables:
            return tensors[number]
        first = self._variables[number][0]
        new = replace(first, name=self._identifiers.unique(f"{first.name}_next"))
        self._variables[number].append(new)
        return new

    def _states(self) -> tuple[State, ...]:
        """What the variables become."""
        return tuple(State(v[0].name, v[-1].name, reset_value(v[0])) for v in self._variables.values())

    def _operator(self, o: Any, tensors: list[Tensor]) -> Op:
        numbers = self._indices(o.InputsAsNumpy(), len(tensors), -1)
        inputs = [None if i < 0 else self._value(i, tensors) for i in numbers]
        written = self._indices(o.OutputsAsNumpy(), len(tensors))
        if not written:
            raise ValueError("an operator without outputs")
        code = self._model.OperatorCodes(o.OpcodeIndex())
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = _BUILTIN_NAMES.get(builtin, f"operator {builtin}")
        if kind == "CUSTOM":
            kind = f"custom operator {_text(code.CustomCode())}"
        updates = _OPERATORS[kind].updates if kind in _OPERATORS else ()
        updated = [numbers[i] for i in updates if i < len(numbers) and numbers[i] in self._variables]
        outputs = [self._renewed(i, tensors) for i in (*written, *updated)]
        try:
            return self._read(kind, o, inputs, outputs, len(updated))
        except Unsupported as reason:
            return Unknown(
                name=outputs[0].name,
                inputs=tuple(None if t is None else t.name for t in inputs),
                outputs=tuple(t.name for t in outputs),
                builtin=kind,
                reason=reason.what,
            )

    def _read(self, kind: str, o: Any, inputs: list[Tensor | None], outputs: list[Tensor], updated: int) -> Op:
        if kind not in _OPERATORS:
            raise Unsupported("aot does not implement this operator")
        operator = _OPERATORS[kind]
        if updated < len(operator.updates):
            raise Unsupported(f"inputs {', '.join(map(str, operator.updates))} must be variable tensors")
        return operator.read(FileOp(kind, o, inputs, outputs))
