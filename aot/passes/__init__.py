"""The passes over a graph, each Graph -> Graph and exact. PASSES lists them in the order they run."""

from collections.abc import Callable

from aot.ir import Graph
from aot.passes.copy_outputs import copy_outputs
from aot.passes.drop_channels import drop_channels
from aot.passes.eliminate_dead import eliminate_dead
from aot.passes.fold_constants import fold_constants
from aot.passes.fold_pad import fold_pad
from aot.passes.fuse_activation import fuse_activation

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_constants,
    fold_pad,
    fuse_activation,
    drop_channels,
    eliminate_dead,
    copy_outputs,
)


def run_passes(graph: Graph, stop_after: str | None = None) -> Graph:
    """Run all passes, or those up to and including `stop_after`; the graph is checked after each."""
    for one in PASSES:
        graph = one(graph)
        graph.check()
        if one.__name__ == stop_after:
            break
    return graph
