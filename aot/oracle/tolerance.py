"""When a device's answer counts as the interpreter's: to the bit, but for what C libraries round differently.

Functions such as expf are not exact in any C library, and libraries differ in the last bits. An operator says by how
much (`Op.ulps`); all that is computed from such a result is compared loosely, all else bit for bit. What is accepted
so is never called exact: its distance is kept.
"""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Op

_LOOSE = 1e-4  # of the largest magnitude in a float32 tensor that an inexact one leads to
_LOOSE_CODES = 1  # for quantized tensors: a rounding that went the other way


@dataclass(frozen=True)
class Slack:
    """What a tensor may be off by: `ulps` by itself; `indirect` where it is computed from one that may be off."""

    ulps: int = 0
    indirect: bool = False


@dataclass(frozen=True)
class Comparison:
    """Which elements are `wrong`, counted in one dimension, and how far off the others are at most (ulps or codes)."""

    wrong: Array
    distance: int


def slacks(graph: Graph) -> dict[str, Slack]:
    """What each tensor of `graph` may be off by, when only inputs and constants are known to be equal."""
    found = dict.fromkeys(graph.tensors, Slack())
    for _ in range(1 + len(graph.state)):  # a state hands on what the run before did
        found.update({state.current: Slack(0, found[state.next] != Slack()) for state in graph.state})
        for op in graph.ops:
            indirect = any(found[name] != Slack() for name in op.inputs if name is not None)
            found.update(dict.fromkeys(op.outputs, Slack(op.ulps(graph), indirect or _is_inexact_inside(op))))
    return found


def slack_of_layers(graph: Graph) -> dict[str, Slack]:
    """What each tensor may be off by, when it is computed from the device's own operands."""
    found = dict.fromkeys(graph.tensors, Slack())
    for op in graph.ops:
        found.update(dict.fromkeys(op.outputs, Slack(op.ulps(graph), _is_inexact_inside(op))))
    return found


def _is_inexact_inside(op: Op) -> bool:
    """Whether a graph inside `op` computes anything that may be off."""
    return any(slack != Slack() for inner in op.graphs.values() for slack in slacks(inner).values())


def compare(expected: Array, actual: Array, slack: Slack) -> Comparison:
    """Bytes, not values (a negative zero is a difference too), but for what `slack` allows."""
    expected, actual = (np.ascontiguousarray(v).reshape(-1) for v in (expected, actual))
    different = _differing_bytes(expected, actual)
    if expected.dtype == np.float32:
        different &= ~(np.isnan(expected) & np.isnan(actual))  # no standard says which bits not-a-number has
    if not different.any():
        return Comparison(different, 0)
    far = distance(expected, actual)
    wrong = different & ~_close(expected, actual) if slack.indirect else different & (far > slack.ulps)
    return Comparison(wrong, int(far[different & ~wrong].max(initial=0)))


def _differing_bytes(expected: Array, actual: Array) -> Array:
    pairs = (v.view(np.uint8).reshape(len(v), -1) for v in (expected, actual))
    return np.asarray(np.not_equal(*pairs).any(axis=1))


def distance(a: Array, b: Array) -> Array:
    """How many numbers of their type lie between `a` and `b`, plus 1; far too many where one is not a number."""
    if a.dtype != np.float32:
        return np.abs(a.astype(np.int64) - b.astype(np.int64))
    places = [np.where(v < 0, -(v & 0x7FFFFFFF), v) for v in (x.view(np.int32).astype(np.int64) for x in (a, b))]
    return np.where(np.isnan(a) | np.isnan(b), 1 << 32, np.abs(places[0] - places[1]))


def _close(a: Array, b: Array) -> Array:
    if a.dtype == np.float32:
        finite = np.abs(a[np.isfinite(a)])
        return np.asarray(np.abs(a - b) <= _LOOSE * (finite.max() if finite.size else 0))
    slack = _LOOSE_CODES if a.dtype in (np.int8, np.uint8, np.int16) else 0
    return np.asarray(distance(a, b) <= slack)
