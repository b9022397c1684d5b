"""The passes over a graph, each Graph -> Graph and exact, in the order they run.

NORMALIZE gives what a file says the form that operators, quantizer and interpreter work on; PASSES make it lean.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from aot.graph.ir import Graph
from aot.passes.centre_weights import centre_weights
from aot.passes.code_ports import code_ports
from aot.passes.copy_outputs import copy_outputs
from aot.passes.dequantize_weights import dequantize_weights
from aot.passes.drop_channels import drop_channels
from aot.passes.drop_sequences import drop_sequences
from aot.passes.eliminate_dead import eliminate_dead
from aot.passes.fold_constants import fold_constants
from aot.passes.fold_pad import fold_pad
from aot.passes.fuse_activation import fuse_activation
from aot.passes.integer_forms import integer_forms
from aot.passes.make_products import make_products
from aot.passes.share_constants import share_constants
from aot.passes.sign_codes import sign_codes

Pass = Callable[[Graph], Graph]

NORMALIZE: tuple[Pass, ...] = (
    integer_forms,
    sign_codes,
    dequantize_weights,
    centre_weights,
    make_products,
    code_ports,
)
PASSES: tuple[Pass, ...] = (
    fold_constants,
    fold_pad,
    fuse_activation,
    drop_channels,
    eliminate_dead,
    drop_sequences,
    copy_outputs,
    share_constants,
)


def normalize(graph: Graph, stop_after: str | None = None) -> Graph:
    """Run NORMALIZE, or it up to and including `stop_after`. What has the form already stays as it is."""
    return _run(NORMALIZE, graph, stop_after)


def run_passes(graph: Graph, stop_after: str | None = None) -> Graph:
    """Run PASSES, or those up to and including `stop_after`."""
    return _run(PASSES, graph, stop_after)


def _run(passes: Iterable[Pass], graph: Graph, stop_after: str | None) -> Graph:
    """The graph is checked after each."""
    for one in passes:
        graph = _everywhere(one, graph)
        graph.check()
        if one.__name__ == stop_after:
            break
    return graph


def _everywhere(one: Pass, graph: Graph) -> Graph:
    """The pass, on the graphs inside operators first."""
    return one(replace(graph, ops=tuple(op.with_graphs(lambda inner: _everywhere(one, inner)) for op in graph.ops)))
