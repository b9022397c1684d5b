"""Which rows of images a run of operators needs, stripe by stripe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aot.graph.ir import Graph, Op
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pool2d import Pool2D

Rows = tuple[int, int]  # the first, and the one behind the last


@dataclass(frozen=True)
class Part:
    """The rows of a tensor that are there in one stripe: those from `fresh` on are computed in it."""

    first: int
    fresh: int
    end: int


def share(rows: int, i: int, stripes: int) -> Rows:
    """Part `i` of so many rows."""
    return rows * i // stripes, rows * (i + 1) // stripes


def moving(graph: Graph, op: Op) -> list[str]:
    """The inputs that are computed; a convolution has one."""
    return [name for name in op.inputs if name is not None and not graph[name].constant]


def extent(graph: Graph, op: Conv2D | DepthwiseConv2D | Pool2D) -> int:
    """How many rows a window spans."""
    if isinstance(op, Pool2D):
        return op.span[0]
    return (graph[op.inputs[1]].shape[1] - 1) * op.dilation[0] + 1


def reach(graph: Graph, op: Op, rows: Rows) -> tuple[int, int, Rows]:
    """The rows of its inputs that `op` needs for `rows` of its output, and the padding that is left."""
    if not isinstance(op, Conv2D | DepthwiseConv2D | Pool2D):
        return *rows, (0, 0)
    height = graph[op.inputs[0]].shape[1]
    start = rows[0] * op.stride[0] - op.padding[0][0]
    end = (rows[1] - 1) * op.stride[0] - op.padding[0][0] + extent(graph, op)
    return max(start, 0), min(end, height), (max(-start, 0), max(end - height, 0))


def schedule(
    graph: Graph, segment: Sequence[Op], results: Sequence[str], stripes: int, keep: bool
) -> list[dict[str, Part]] | None:
    """For each stripe, the part of each tensor that `segment` computes.

    Rows that two stripes need are computed in both, or with `keep` only in the first, and kept. None where rows between
    two stripes would have to be kept though nobody computes them.
    """
    inside = [op.outputs[0] for op in segment]
    needed: list[dict[str, Rows]] = []
    done: list[dict[str, int]] = [dict.fromkeys(inside, 0)]  # rows that were computed before each stripe
    for i in range(stripes):
        shares = {name: share(graph[name].shape[1], i, stripes) for name in results}
        rows = _needed(graph, segment, shares, done[i] if keep else done[0])
        needed.append({name: rows[name] for name in inside if name in rows})
        done.append({name: max(before, needed[i].get(name, (0, 0))[1]) for name, before in done[i].items()})
    if keep:
        return _kept(needed, done)
    return [{name: Part(rows[0], *rows) for name, rows in stripe.items()} for stripe in needed]


def _needed(
    graph: Graph, segment: Sequence[Op], results: Mapping[str, Rows], done: Mapping[str, int]
) -> dict[str, Rows]:
    """For each tensor, the rows that `results` depend on, where those that are `done` depend on nothing more."""
    needed = dict(results)
    for op in reversed(segment):
        first, end = needed.get(op.outputs[0], (0, 0))
        first = max(first, done[op.outputs[0]])
        if first >= end:
            continue
        for name in moving(graph, op):
            low, high, _ = reach(graph, op, (first, end))
            before = needed.get(name, (low, high))
            needed[name] = min(low, before[0]), max(high, before[1])
    return needed


def _kept(needed: list[dict[str, Rows]], done: list[dict[str, int]]) -> list[dict[str, Part]] | None:
    """What a stripe needs of rows that were computed before stays there in the stripes between, too."""
    parts: list[dict[str, Part]] = []
    later: dict[str, int] = {}  # the first row that the stripes behind this one need
    for stripe, before in zip(reversed(needed), reversed(done[:-1]), strict=True):
        found = {}
        for name in before:
            first, end = stripe.get(name, (before[name], before[name]))
            fresh, end = max(first, before[name]), max(end, before[name])
            first = min(first, later.get(name, end))
            if max(first, before[name]) < fresh:
                return None
            if first < end:
                found[name] = Part(first, fresh, end)
            if first < before[name]:
                later[name] = first
            else:
                later.pop(name, None)
        parts.append(found)
    return parts[::-1]
