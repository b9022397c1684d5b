"""Which tensors lie by planes: those whose calls then take least time together, in an arena that is no larger."""

import math
from dataclasses import dataclass

from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, Block, Target, candidates
from aot.lower.room import bytes_needed, room_of
from aot.plan import find_views

_PLANAR = tuple({op for kernel in KERNELS if kernel.planes for op in kernel.ops})


@dataclass(frozen=True)
class _Choice:
    """What a call and all behind it take at least, and the tensors that lie by planes then."""

    cost: float
    planes: frozenset[str]


def tensors_by_planes(block: Block, target: Target) -> frozenset[str]:
    """The tensors of `block`, where all lie by pixels, that had better lie by planes.

    Each that may has one writer, which reads one other image: so they form trees, and what is best from a tensor on
    follows from what is best behind it. Left out are calls that alone would need a larger arena than the block's.
    """
    graph, best = block.graph, dict[tuple[str, bool], _Choice]()
    may = _candidates(graph)
    ops = {op.outputs[0]: op for op in graph.ops if op.outputs}
    firsts: set[str] = set()
    for time, call in reversed(list(enumerate(block.calls))):
        x, y = call.inputs[:1], call.outputs[0]
        if y not in may and not may.intersection(x):
            continue
        readers = [op.outputs[0] for op in graph.ops if y in op.inputs and (op.outputs[0], False) in best]
        firsts = (firsts - {*readers}) | {y}
        for x_planes in (False, True) if may.intersection(x) else (False,):
            options = [
                _behind(_cheapest(block, time, ops[y], planes, target), planes, [best[r, y in planes] for r in readers])
                for planes in _layouts(x if x_planes else (), y, may)
            ]
            best[y, x_planes] = min(options, key=lambda choice: choice.cost)
    return frozenset[str]().union(*(best[y, False].planes for y in firsts))


def _candidates(graph: Graph) -> frozenset[str]:
    """Tensors in between that are written and read, as images, by operators of which some kernel knows planes."""
    views = find_views(graph)
    read = {name for op in graph.ops for name in op.inputs[:1] if isinstance(op, _PLANAR)}
    apart = {*graph.wanted, *views.of, *(view.of for view in views.of.values())}
    apart |= {name for op in graph.ops for name in op.inputs[isinstance(op, _PLANAR) :] if name}
    written = {op.outputs[0] for op in graph.ops if isinstance(op, _PLANAR)}
    return frozenset(name for name in written & read - apart if name and graph[name].dtype == "int8")


def _layouts(x: tuple[str, ...], y: str, may: frozenset[str]) -> list[frozenset[str]]:
    return [frozenset(x)] + [frozenset((*x, y))] * (y in may)


def _behind(cost: float, planes: frozenset[str], following: list[_Choice]) -> _Choice:
    return _Choice(cost + sum(one.cost for one in following), planes.union(*(one.planes for one in following)))


def _cheapest(block: Block, time: int, op: Op, planes: frozenset[str], target: Target) -> float:
    """What the best call for `op` costs; infinite where none fits, or all would need a larger arena."""
    if not planes:
        return block.calls[time].cost
    fitting, _ = candidates(op, block.graph.by_planes(planes), target)
    room = room_of(block, time)
    return next((call.cost for call in fitting if bytes_needed(call, time, block) <= room), math.inf)
