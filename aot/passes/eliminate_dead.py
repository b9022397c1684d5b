"""Operators whose outputs nobody reads are dropped, and tensors nobody speaks of forgotten."""

from dataclasses import replace

from aot.ir import Graph, Op, prune_tensors


def eliminate_dead(graph: Graph) -> Graph:
    """Walk backwards from the outputs and keep what they need."""
    needed = set(graph.outputs)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(name for name in op.inputs if name is not None)
    return prune_tensors(replace(graph, ops=tuple(reversed(kept))))
