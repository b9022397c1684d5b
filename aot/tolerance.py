"""When a device's answer counts as the interpreter's: to the bit, but for what C libraries round differently.

Functions such as expf are not exact in any C library, and libraries differ in the last bits. An operator says by how
much (`Op.ulps`); all that is computed from such a result is compared loosely, all else bit for bit.
"""

import numpy as np

from aot.ir import Array, Graph

_LOOSE = 1e-4  # of the largest magnitude in a float32 tensor that an inexact one leads to
_LOOSE_CODES = 1  # for quantized tensors: a rounding that went the other way


def differing(graph: Graph, name: str, expected: Array, actual: Array) -> Array:
    """For each element of tensor `name`, counted in one dimension, whether `actual` is wrong."""
    expected, actual = (np.ascontiguousarray(v).reshape(-1) for v in (expected, actual))
    wrong = expected.view(np.uint8).reshape(len(expected), -1) != actual.view(np.uint8).reshape(len(actual), -1)
    different = wrong.any(axis=1)
    if not different.any():
        return np.asarray(different)
    if expected.dtype == np.float32:
        different &= ~(np.isnan(expected) & np.isnan(actual))  # no standard says which bits not-a-number has
    ulps, indirect = _inexactness(graph)[name]
    if indirect:
        return np.asarray(different & ~_close(expected, actual))
    return np.asarray(different & (distance(expected, actual) > ulps)) if ulps else different


def _inexactness(graph: Graph) -> dict[str, tuple[int, bool]]:
    """For each tensor: how many ulps it may be off by itself, and whether it is computed from one that may."""
    found = dict.fromkeys(graph.tensors, (0, False))
    for op in graph.ops:
        indirect = any(found[name] != (0, False) for name in op.inputs if name is not None)
        found.update(dict.fromkeys(op.outputs, (op.ulps(graph), indirect)))
    return found


def distance(a: Array, b: Array) -> Array:
    """How many float32 numbers lie between `a` and `b`, plus 1; far too many where one is not a number."""
    places = [np.where(v < 0, -(v & 0x7FFFFFFF), v) for v in (x.view(np.int32).astype(np.int64) for x in (a, b))]
    return np.where(np.isnan(a) | np.isnan(b), 1 << 32, np.abs(places[0] - places[1]))


def _close(a: Array, b: Array) -> Array:
    if a.dtype == np.float32:
        finite = np.abs(a[np.isfinite(a)])
        return np.asarray(np.abs(a - b) <= _LOOSE * (finite.max() if finite.size else 0))
    slack = _LOOSE_CODES if a.dtype in (np.int8, np.uint8, np.int16) else 0
    return np.asarray(np.abs(a.astype(np.int64) - b.astype(np.int64)) <= slack)
