"""Every byte of RAM, decided here: which tensors share memory, and where in the arena each buffer lies."""

from collections.abc import Sequence

from aot.ir import Graph
from aot.plan.bound import live_bytes
from aot.plan.exact import proved_bound, smallest
from aot.plan.heuristic import MOST_TRIES, Blocks, lowest
from aot.plan.lifetimes import problem_of
from aot.plan.order import best_order
from aot.plan.overlap import Overlap
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
    "best_order",
    "find_views",
    "place",
    "plan",
    "scratch_name",
]


def plan(graph: Graph, steps: Sequence[Step], views: Views | None = None, quick: bool = False) -> Plan:
    """Place every tensor and scratch buffer of `graph`, run by `steps` in this order, in one arena.

    `views` are those of `graph`; every operator that they do not cover has its step. A `quick` plan may be larger than
    the one that a search finds.
    """
    return place(problem_of(graph, steps, (find_views(graph) if views is None else views).of), quick)


def place(problem: Problem, quick: bool = False) -> Plan:
    """Give every buffer of `problem` its offset."""
    blocks = Blocks(problem)
    live = aligned(int(live_bytes(problem).max(initial=0)))
    at, optimal = _search(blocks, live, quick)
    offsets = tuple(at[block] + int(shift) for block, shift in zip(blocks.owner, blocks.shift, strict=True))
    result = Plan(problem, offsets, aligned(blocks.top(at)), live, optimal)
    result.check()
    return result


def _search(blocks: Blocks, live: int, quick: bool) -> tuple[list[int], bool]:
    """The offset of each block, and whether it is proved that no arena is smaller: first fast, then thoroughly."""
    at = lowest(blocks, live, tries=1)
    size = aligned(blocks.top(at))
    if quick or size == live:
        return at, size == live
    bound = proved_bound(blocks, live, size)
    return smallest(blocks, lowest(blocks, bound, MOST_TRIES), bound)
