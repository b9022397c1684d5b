"""The protobuf of an ONNX file: its constants as arrays, its nodes as records, and limits on what it may ask for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from aot.base.errors import AotError
from aot.frontends.onnx.records import Node
from aot.graph.ir import Array

_MAX_TENSOR_BYTES = 64 << 20
_MAX_RANK = 16
_OPSETS = range(9, 29)
_DOMAINS = ("", "ai.onnx", "com.microsoft")
TYPES: dict[int, str] = {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.FLOAT16: "float16",
    onnx.TensorProto.BFLOAT16: "float32",
    onnx.TensorProto.DOUBLE: "float64",
    onnx.TensorProto.INT8: "int8",
    onnx.TensorProto.UINT8: "uint8",
    onnx.TensorProto.INT16: "int16",
    onnx.TensorProto.UINT16: "uint16",
    onnx.TensorProto.INT32: "int32",
    onnx.TensorProto.UINT32: "uint32",
    onnx.TensorProto.INT64: "int64",
    onnx.TensorProto.UINT64: "uint64",
    onnx.TensorProto.BOOL: "bool",
    onnx.TensorProto.INT4: "int4",
    onnx.TensorProto.UINT4: "uint4",
}
_OF_4_BITS = ("int4", "uint4")  # types that numpy itself does not have


def load(content: bytes, source: str) -> onnx.ModelProto:
    """The model in the bytes of a file, functions of its own inlined. Raises AotError for what is none."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf raises what it likes
        raise AotError(
            f"{source} is damaged: no ONNX model can be read from it", "copy or export it again", str(error)[:200]
        ) from None
    if not model.HasField("graph") or not model.graph.node:
        raise AotError(f"{source} holds no ONNX graph", "export the model again")
    check_opset(model, source)
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    return model


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the standard operators."""
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    return max(versions, default=1)


def check_opset(model: onnx.ModelProto, source: str) -> None:
    """Raise AotError unless it is one whose meaning is known."""
    version = opset_of(model)
    if version not in _OPSETS:
        raise AotError(
            f"{source} has opset {version}; aot reads {_OPSETS.start} to {_OPSETS.stop - 1}",
            "export the model again with opset_version=18, or onnx.version_converter.convert_version(model, 18)",
        )


def nodes(graph: onnx.GraphProto, opset: int) -> Iterator[Node]:
    """The nodes of a graph, in order."""
    for proto in graph.node:
        attributes = {a.name: _attribute(a) for a in proto.attribute}
        kind = proto.op_type if proto.domain in _DOMAINS else f"{proto.domain}.{proto.op_type}"
        yield Node(kind, proto.name, tuple(proto.input), tuple(proto.output), attributes, opset, proto)


def _attribute(a: onnx.AttributeProto) -> Any:
    if a.type == onnx.AttributeProto.TENSOR:
        return array(a.t, None)
    return onnx.helper.get_attribute_value(a)


def constants(graph: onnx.GraphProto, folder: Path | None) -> Mapping[str, Array]:
    """The initializers of a graph."""
    if graph.sparse_initializer:
        raise AotError("the model has sparse weights", "export it without sparse weights")
    return {t.name: array(t, folder) for t in graph.initializer}


def array(t: onnx.TensorProto, folder: Path | None) -> Array:
    """The elements of a tensor; those outside the file only from beside it, in `folder`."""
    if t.data_type not in TYPES:
        kind = onnx.TensorProto.DataType.Name(t.data_type) if t.data_type in range(30) else t.data_type
        raise AotError(f"tensor {t.name[:200]!r} has type {kind}, which aot does not support")
    size = int(np.prod(list(t.dims), dtype=object)) if t.dims else 1
    if len(t.dims) > _MAX_RANK or not 0 <= size * _bytes(TYPES[t.data_type]) <= _MAX_TENSOR_BYTES:
        raise AotError(f"tensor {t.name[:200]!r} has {size} elements: too large for a microcontroller")
    if t.data_location == onnx.TensorProto.EXTERNAL:
        t = _with_data(t, folder)
    data = numpy_helper.to_array(t)
    return data if TYPES[t.data_type] in _OF_4_BITS else np.asarray(data, TYPES[t.data_type])


def _bytes(dtype: str) -> int:
    return 1 if dtype in _OF_4_BITS else np.dtype(dtype).itemsize


def _with_data(t: onnx.TensorProto, folder: Path | None) -> onnx.TensorProto:
    """A tensor whose elements are in a file beside the model's, which must not be anywhere else."""
    entry = {e.key: e.value for e in t.external_data}
    location = entry.get("location", "")
    if folder is None:
        raise AotError(f"tensor {t.name[:200]!r} is kept in another file, {location[:200]!r}",
                       "give the path of the model instead of its content")  # fmt: skip
    path = folder / location
    if not location or path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise AotError(f"tensor {t.name[:200]!r} is kept in {location[:200]!r}, which is no file beside the model",
                       "copy that file to the model's folder, or save the model with its weights inside")  # fmt: skip
    offset, length = int(entry.get("offset", 0)), int(entry.get("length", _MAX_TENSOR_BYTES))
    if not 0 <= length <= _MAX_TENSOR_BYTES or offset < 0:
        raise AotError(f"tensor {t.name[:200]!r} has a damaged place in {location[:200]!r}", "save the model again")
    whole = onnx.TensorProto()
    whole.CopyFrom(t)
    whole.ClearField("external_data")
    whole.data_location = onnx.TensorProto.DEFAULT
    with path.open("rb") as file:
        file.seek(offset)
        whole.raw_data = file.read(length)
    return whole


def free_names(graph: onnx.GraphProto) -> Iterator[str]:
    """What a graph, or one inside it, reads from outside."""
    own = {v.name for v in graph.input} | {t.name for t in graph.initializer}
    for node in graph.node:
        inner = (g for a in node.attribute for g in ((a.g,) if a.HasField("g") else ()))
        for name in (*node.input, *(n for g in inner for n in free_names(g))):
            if name and name not in own:
                yield name
        own.update(node.output)
    yield from (o.name for o in graph.output if o.name not in own)
