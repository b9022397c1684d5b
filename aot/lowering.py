"""A graph becomes calls of kernels, and a plan of the memory they share; so do the graphs inside control flow."""

from dataclasses import replace

from aot.ir import Graph, Op
from aot.kernels import Block, Call, Target, select
from aot.plan import Step, find_views, plan

_BLOCK_ALIGNMENT = 8  # of the memory of a graph inside, whatever elements it holds


def lower(graph: Graph, target: Target) -> Block:
    """The cheapest calls for `target`, in the graph's order, and where everything lies. AotError where none fits."""
    calls = calls_of(graph, target)
    return Block(graph, calls, plan(graph, steps_of(calls)))


def calls_of(graph: Graph, target: Target) -> tuple[Call, ...]:
    """The cheapest calls for `target`, in the graph's order. AotError where none fits."""
    views = find_views(graph)
    return tuple(_call(op, graph, target) for op in graph.ops if not views.cover(op))


def steps_of(calls: tuple[Call, ...]) -> list[Step]:
    """What the planner must know of `calls`."""
    return [_step(call) for call in calls]


def _call(op: Op, graph: Graph, target: Target) -> Call:
    """The graphs inside never run at once: each has the same scratch memory to itself."""
    call = select(op, graph, target)
    if not op.graphs:
        return call
    blocks = {name: lower(inner, target) for name, inner in op.graphs.items()}
    return replace(call, blocks=blocks, scratch=max(block.plan.size for block in blocks.values()))


def _step(call: Call) -> Step:
    step = Step(call.inputs, call.outputs, call.scratch, call.overlaps, call.in_place, call.updates)
    return replace(step, scratch_alignment=_BLOCK_ALIGNMENT) if call.blocks else step
