"""Every byte of RAM, decided here: which tensors share memory, and where in the arena each buffer lies."""

from collections.abc import Sequence

from aot.graph.ir import Graph
from aot.plan.lifetimes import problem_of
from aot.plan.order import best_order
from aot.plan.overlap import Overlap
from aot.plan.place import place
from aot.plan.records import ALIGNMENT, Buffer, Plan, Problem, Step, scratch_name
from aot.plan.split import Pool, split
from aot.plan.views import Views, find_views

__all__ = [
    "ALIGNMENT",
    "Buffer",
    "Overlap",
    "Plan",
    "Pool",
    "Problem",
    "Step",
    "Views",
    "best_order",
    "find_views",
    "place",
    "plan",
    "scratch_name",
    "split",
]


def plan(graph: Graph, steps: Sequence[Step], views: Views | None = None, quick: bool = False) -> Plan:
    """Place every tensor and scratch buffer of `graph`, run by `steps` in this order, in one arena.

    `views` are those of `graph`; every operator that they do not cover has its step. A `quick` plan may be larger than
    the one that a search finds.
    """
    return place(problem_of(graph, steps, (find_views(graph) if views is None else views).of), quick)
