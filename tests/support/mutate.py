"""Damage to model files: seeded bit flips, overwritten bytes, numbers and floats, truncations, splices."""

import struct
from collections.abc import Callable

import numpy as np
import tflite

Rng = np.random.Generator
_BYTES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
_NUMBERS = (0, 1, 2, 3, 4, 7, 255, 256, 65_535, 65_536, 2**20, 2**26, 2**30, 2**31 - 1, -1, -2, -128, -(2**31))
_FLOATS = (0.0, -0.0, -1.0, 1.0, 0.5, 1 / 256, 1e-45, 1e-38, 1e-12, 1e-6, 1e6, 1e38, float("inf"), float("nan"))


def structure(content: bytes) -> np.ndarray:
    """The positions of the bytes that are not weights, which are most of a file and the least of its dangers."""
    weights = np.zeros(len(content), bool)
    model = tflite.Model.GetRootAsModel(content, 0)
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if buffer.DataLength() > 64:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            weights[start : start + buffer.DataLength()] = True
    return np.flatnonzero(~weights)


def _flip(rng: Rng, data: bytearray, at: int) -> None:
    data[at] ^= 1 << int(rng.integers(8))


def _set(rng: Rng, data: bytearray, at: int) -> None:
    data[at] = int(rng.choice([*_BYTES, int(rng.integers(256))]))


def _number(rng: Rng, data: bytearray, at: int) -> None:
    at = min(at & ~3, len(data) - 4)
    old = int.from_bytes(data[at : at + 4], "little", signed=True)
    new = int(rng.choice([*_NUMBERS, old + 1, old - 1, old * 2, old // 2, -old]))
    data[at : at + 4] = (new % 2**32).to_bytes(4, "little")


def _float(rng: Rng, data: bytearray, at: int) -> None:
    at = min(at & ~3, len(data) - 4)
    data[at : at + 4] = struct.pack("<f", float(rng.choice(_FLOATS)))


def _truncate(rng: Rng, data: bytearray, at: int) -> None:
    del data[at:]


def _copy(rng: Rng, data: bytearray, at: int) -> None:
    """Bytes from elsewhere written over these; in steps of four, as flatbuffers are laid out."""
    size = 4 * int(rng.integers(1, 17))
    source = int(rng.integers(len(data))) & ~3
    piece = data[source : source + size]
    data[at & ~3 : (at & ~3) + len(piece)] = piece


def _insert(rng: Rng, data: bytearray, at: int) -> None:
    data[at:at] = rng.bytes(int(rng.integers(1, 17)))


def _delete(rng: Rng, data: bytearray, at: int) -> None:
    del data[at : at + int(rng.integers(1, 17))]


_KINDS: tuple[tuple[Callable[[Rng, bytearray, int], None], float], ...] = (
    (_flip, 0.25),
    (_set, 0.2),
    (_number, 0.2),
    (_float, 0.1),
    (_truncate, 0.05),
    (_copy, 0.1),
    (_insert, 0.05),
    (_delete, 0.05),
)


def mutation(content: bytes, positions: np.ndarray, seed: int) -> bytes:
    """Mutation `seed` of `content`: one to three faults, mostly at `positions`."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        kind = _KINDS[int(rng.choice(len(_KINDS), p=[p for _, p in _KINDS]))][0]
        at = int(rng.choice(positions)) if rng.random() < 0.9 else int(rng.integers(len(content)))
        if len(data) > 4:
            kind(rng, data, min(at, len(data) - 1))
    return bytes(data)
