"""The passes over a graph, each Graph -> Graph and exact. PASSES lists them in the order they run."""

from collections.abc import Callable
from dataclasses import replace

from aot.graph.ir import Graph
from aot.passes.copy_outputs import copy_outputs
from aot.passes.drop_channels import drop_channels
from aot.passes.eliminate_dead import eliminate_dead
from aot.passes.fold_constants import fold_constants
from aot.passes.fold_pad import fold_pad
from aot.passes.fuse_activation import fuse_activation
from aot.passes.share_constants import share_constants

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_constants,
    fold_pad,
    fuse_activation,
    drop_channels,
    eliminate_dead,
    copy_outputs,
    share_constants,
)


def run_passes(graph: Graph, stop_after: str | None = None) -> Graph:
    """Run all passes, or those up to and including `stop_after`; the graph is checked after each."""
    for one in PASSES:
        graph = _everywhere(one, graph)
        graph.check()
        if one.__name__ == stop_after:
            break
    return graph


def _everywhere(one: Callable[[Graph], Graph], graph: Graph) -> Graph:
    """The pass, on the graphs inside operators first."""
    return one(replace(graph, ops=tuple(op.with_graphs(lambda inner: _everywhere(one, inner)) for op in graph.ops)))
