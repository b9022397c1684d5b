"""Damage to ONNX files: bytes, or what the protobuf says, in messages of any depth."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from mutate import Rng, mutation

_NUMBERS = (-1, 0, 1, 2, 3, 4, 7, 8, 13, 16, 255, 65_536, 2**20, 2**26, 2**31 - 1, 2**31, 2**40, 2**63 - 1, -2,
            -(2**31), -(2**63))  # fmt: skip
_REALS = (0.0, -0.0, -1.0, 0.5, 1e-45, 1e38, -1e38, float("inf"), float("nan"))
_NAMES = (
    "",
    "x" * 3000,
    "a/*b",
    "*/",
    "\\",
    '"',
    "\n#error",
    "ü",
    "main",
    "%s%n",
    "a b",
    "x",
    "y",
    "Conv",
    "Loop",
    "If",
)
_INTEGERS = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
_REAL = (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)


def onnx_mutation(content: bytes, seed: int) -> bytes:
    """Mutation `seed` of a file: mostly of what it says, at times of its bytes."""
    rng = np.random.default_rng(seed)
    if rng.random() < 0.25:
        return mutation(content, np.arange(len(content)), seed)
    model = onnx.ModelProto.FromString(content)
    names = [n for node in model.graph.node for n in (*node.input, *node.output, node.op_type)]
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        places = list(_places(model))
        _change(rng, *places[int(rng.integers(len(places)))], names)
    return model.SerializeToString()


def _places(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    """Every field that is set, in messages of any depth."""
    for field, value in message.ListFields():
        yield message, field
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in value if _repeated(field) else (value,):
                yield from _places(inner)


def _repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def _change(rng: Rng, message: Message, field: FieldDescriptor, names: list[str]) -> None:
    kind = rng.random()
    if kind < 0.1:
        message.ClearField(field.name)
    elif _repeated(field):
        _change_list(rng, getattr(message, field.name), field, names)
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        message.ClearField(field.name)
    else:
        setattr(message, field.name, _other(rng, field, getattr(message, field.name), names))


def _change_list(rng: Rng, values: Any, field: FieldDescriptor, names: list[str]) -> None:
    """One element less, twice, or another."""
    at = int(rng.integers(len(values)))
    kind = int(rng.integers(4))
    if kind == 0:
        del values[at]
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        values.add().CopyFrom(values[at])
        if kind == 1:  # at another place
            other = int(rng.integers(len(values)))
            first, second = type(values[at])(), type(values[at])()
            first.CopyFrom(values[at])
            second.CopyFrom(values[other])
            values[at].CopyFrom(second)
            values[other].CopyFrom(first)
    elif kind == 1:
        values.append(_other(rng, field, values[at], names))
    else:
        values[at] = _other(rng, field, values[at], names)


def _other(rng: Rng, field: FieldDescriptor, old: Any, names: list[str]) -> Any:
    if field.cpp_type in _INTEGERS:
        value = int(rng.choice(len(_NUMBERS)))
        wide = field.cpp_type != FieldDescriptor.CPPTYPE_INT32
        chosen = [*_NUMBERS[:-1], old + 1, old - 1, old * 2][int(rng.integers(len(_NUMBERS) + 2))] if value else -old
        low, high = (-(2**63), 2**63 - 1) if wide else (-(2**31), 2**31 - 1)
        low = 0 if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 else low
        return min(max(int(chosen), low), high)
    if field.cpp_type in _REAL:
        return float(rng.choice(_REALS))
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return int(rng.choice([v.number for v in field.enum_type.values]))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(rng, old)
    pool = (*names, *_NAMES)
    return pool[int(rng.integers(len(pool)))]


def _bytes(rng: Rng, old: bytes) -> bytes:
    """Some other bytes, or one more or less."""
    if not old or rng.random() < 0.2:
        return old[:-1] if rng.random() < 0.5 else old + b"\x01"
    data = bytearray(old)
    for _ in range(2):
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
    return bytes(data)
