"""Every byte of RAM, decided here: which tensors share memory, and where in the arena each buffer lies."""

from collections.abc import Sequence

from aot.ir import Graph
from aot.plan.bound import live_bytes
from aot.plan.lifetimes import problem_of
from aot.plan.overlap import Overlap
from aot.plan.place import MOST_TRIES, lowest
from aot.plan.records import ALIGNMENT, Buffer, Plan, Problem, Step, aligned, scratch_name
from aot.plan.views import Views, find_views

__all__ = [
    "ALIGNMENT",
    "Buffer",
    "Overlap",
    "Plan",
    "Problem",
    "Step",
    "Views",
    "find_views",
    "plan",
    "scratch_name",
]


def plan(graph: Graph, steps: Sequence[Step], views: Views | None = None, tries: int = MOST_TRIES) -> Plan:
    """Place every tensor and scratch buffer of `graph`, run by `steps` in this order, in one arena.

    `views` are those of `graph`; every operator that they do not cover has its step. More `tries` may find less.
    """
    problem = problem_of(graph, steps, (find_views(graph) if views is None else views).of)
    bound = int(live_bytes(problem).max(initial=0))
    at = lowest(problem, bound, tries)
    offsets = tuple(at[b.block] + b.shift for b in problem.buffers)
    size = max((b.size + offset for b, offset in zip(problem.buffers, offsets, strict=True)), default=0)
    result = Plan(problem, offsets, aligned(size), bound)
    result.check()
    return result
