"""A graph becomes calls of kernels, and a plan of the memory they share; so do the graphs inside control flow."""

from collections.abc import Sequence
from dataclasses import replace

from aot.graph.ir import Graph, Op
from aot.kernels import Block, Call, Target, select
from aot.lower.planes import tensors_by_planes
from aot.lower.room import tensors_with_room, within_flash
from aot.plan import Step, best_order, find_views, plan

_BLOCK_ALIGNMENT = 8  # of the memory of a graph inside, whatever elements it holds


def lower(graph: Graph, target: Target) -> Block:
    """The calls chosen for `target`, and where everything lies. AotError where none fits.

    The order is the graph's, but where another one needs less memory. Tensors lie by planes where that is faster.
    """
    return _with_room(_by_planes(_in_best_order(lower_in_order(graph, target)), target), target)


def _in_best_order(block: Block) -> Block:
    """`block` in the order that needs least memory."""
    order = best_order(block.graph, steps_of(block.calls), find_views(block.graph).of)
    if order is None:
        return block
    calls = tuple(block.calls[t] for t in order)
    graph = _in_order_of(calls, block.graph)
    other = Block(graph, calls, plan(graph, steps_of(calls)))
    return other if other.plan.size < block.plan.size else block


def _by_planes(block: Block, target: Target) -> Block:
    """`block` with some tensors by planes, if it is faster and no larger so."""
    planes = tensors_by_planes(block, target) if target.optimize == "speed" else None
    if not planes:
        return block
    other = lower_in_order(block.graph.by_planes(planes), target)
    return other if other.plan.size <= block.plan.size else block


def _with_room(block: Block, target: Target) -> Block:
    """`block` with kernels that need much scratch memory where they are worth it, if the arena is no larger so."""
    roomy = tensors_with_room(block, target)
    if not roomy:
        return block
    other = lower_in_order(block.graph, target.with_room_for(*roomy))
    return other if other.plan.size <= block.plan.size and within_flash(other, target) else block


def lower_in_order(graph: Graph, target: Target) -> Block:
    """The calls chosen for `target`, in the graph's order, and where everything lies. AotError where none fits."""
    calls = calls_of(graph, target)
    return Block(graph, calls, plan(graph, steps_of(calls)))


def _in_order_of(calls: tuple[Call, ...], graph: Graph) -> Graph:
    """The operators in the order of their calls; one that needs none stands behind what it reads."""
    place = {name: t for t, call in enumerate(calls) for name in call.outputs}
    for op in graph.ops:
        behind = max((place.get(name or "", -1) for name in op.inputs), default=-1)
        place.update((name, behind) for name in op.outputs if name not in place)
    ops = sorted(graph.ops, key=lambda op: max((place[name] for name in op.outputs), default=-1))
    return replace(graph, ops=tuple(ops))


def calls_of(graph: Graph, target: Target) -> tuple[Call, ...]:
    """The calls chosen for `target`, in the graph's order. AotError where an operator has none."""
    views = find_views(graph)
    ops = [op for op in graph.ops if not views.cover(op)]
    return tuple(with_blocks(call, op, target) for call, op in zip(select(ops, graph, target), ops, strict=True))


def steps_of(calls: Sequence[Call]) -> list[Step]:
    """What the planner must know of `calls`."""
    return [_step(call) for call in calls]


def with_blocks(call: Call, op: Op, target: Target) -> Call:
    """The call, with the graphs inside of `op`, which never run at once: each has the same scratch memory to itself."""
    if not op.graphs:
        return call
    blocks = {name: lower(inner, target.with_room_for()) for name, inner in op.graphs.items()}
    cost = sum(inner.cost for block in blocks.values() for inner in block.calls)
    return replace(call, blocks=blocks, scratch=max(block.plan.size for block in blocks.values()), cost=cost)


def _step(call: Call) -> Step:
    step = Step(call.inputs, call.outputs, call.scratch, call.overlaps, call.in_place, call.updates)
    return replace(step, scratch_alignment=_BLOCK_ALIGNMENT) if call.blocks else step
