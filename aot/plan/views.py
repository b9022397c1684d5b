"""Tensors that are part of another one's memory, so that no call need copy them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aot.graph.ir import Array, Graph, Op
from aot.ops.concatenation import Concatenation
from aot.ops.pack import Pack
from aot.ops.reshape import Reshape
from aot.ops.split import Split
from aot.ops.transpose import Transpose
from aot.ops.view import View as ViewOp
from aot.plan.records import ALIGNMENT


@dataclass(frozen=True)
class View:
    """A tensor lies `shift` bytes behind the beginning of `of`.

    A `part` is written on its own, and is there before the whole; otherwise the whole was written first.
    """

    of: str
    shift: int = 0
    part: bool = False


@dataclass(frozen=True)
class Views:
    """Every tensor that is a view, by name; and the operators that need no call for it, by their first output."""

    of: Mapping[str, View] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    def cover(self, op: Op) -> bool:
        """Whether `op` needs no call."""
        return bool(op.outputs) and op.outputs[0] in self.free


def find_views(graph: Graph) -> Views:
    """All outputs of reshapes and of contiguous slices; the parts of concatenations of whole pieces, where possible."""
    views: dict[str, View] = {}
    free = set()
    for op in graph.ops:
        found = _parts(graph, op, views) if isinstance(op, Concatenation | Pack) else _pieces(graph, op)
        views.update(found)
        if found:
            free.add(op.outputs[0])
    return Views(views, frozenset(free))


def _pieces(graph: Graph, op: Op) -> dict[str, View]:
    """The outputs of an operator that only cuts its input, where they lie together in it."""
    source = op.inputs[0] if op.inputs else None
    if source is None or graph[source].constant:
        return {}
    shifts = _shifts(graph, op)
    if shifts is None or any(shift % _alignment(graph, source) for shift in shifts):
        return {}
    return {name: View(source, shift) for name, shift in zip(op.outputs, shifts, strict=True)}


def _shifts(graph: Graph, op: Op) -> list[int] | None:
    """Where in its input each output of `op` lies, in bytes; None where one is not to be found there in one piece."""
    if isinstance(op, Reshape):
        return [0]
    if isinstance(op, Split):
        x, ys = op.operands(graph)
        together = math.prod(x.shape[: op.axis]) == 1
        return [int(s) for s in np.cumsum([0, *(y.bytes for y in ys[:-1])])] if together else None
    if isinstance(op, ViewOp) and not _is_copy(op):
        x, _ = op.operands(graph)
        source = np.empty(x.shape, np.int8)
        view = op.view(source)
        first = _address(view) - _address(source)
        return [first * (x.bytes // x.elements)] if view.flags.c_contiguous else None
    return None


def _address(array: Array) -> int:
    """Where the first element lies."""
    return int(array.__array_interface__["data"][0])


def _is_copy(op: ViewOp) -> bool:
    """Passes make such where a tensor must have memory of its own."""
    return isinstance(op, Transpose) and op.permutation == tuple(range(len(op.permutation)))


def _parts(graph: Graph, op: Concatenation | Pack, views: dict[str, View]) -> dict[str, View]:
    """The inputs of a concatenation of whole pieces, if each can be written where it belongs."""
    xs, y = op.operands(graph)
    if math.prod(y.shape[: op.axis]) != 1:
        return {}
    parts: dict[str, View] = {}
    shift = 0
    for x in xs:
        whole = _whole(graph, x.name, views)
        if whole is None or whole in parts or shift % _alignment(graph, y.name):
            return {}
        parts[whole] = View(y.name, shift, part=True)
        shift += x.bytes
    return parts


def _whole(graph: Graph, name: str, views: Mapping[str, View]) -> str | None:
    """The tensor that `name` is all of, if it can be moved: it is no part of another one, nor constant."""
    size = graph[name].bytes
    while name in views and not views[name].part and graph[views[name].of].bytes == size:
        name = views[name].of
    held = graph[name].constant or any(name == state.current for state in graph.state)
    return None if name in views or held else name


def _alignment(graph: Graph, name: str) -> int:
    return max(ALIGNMENT, np.dtype(graph[name].dtype).itemsize)
