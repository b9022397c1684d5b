"""Operators whose outputs nobody reads are dropped, states too, and tensors nobody speaks of forgotten."""

from dataclasses import replace

from aot.graph.ir import Graph, Op, prune_tensors


def eliminate_dead(graph: Graph) -> Graph:
    """Walk backwards from the outputs and keep what they need; a state, where its value is needed by what is kept."""
    wanted = set(graph.outputs)
    while True:
        kept, needed = _needed(graph, wanted)
        state = tuple(state for state in graph.state if state.current in needed)
        if wanted.issuperset(state.next for state in state):
            return prune_tensors(replace(graph, ops=kept, state=state))
        wanted.update(state.next for state in state)


def _needed(graph: Graph, wanted: set[str]) -> tuple[tuple[Op, ...], set[str]]:
    """The operators that compute `wanted`, and all tensors that they need."""
    needed = set(wanted)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(name for name in op.inputs if name is not None)
    return tuple(reversed(kept)), needed
