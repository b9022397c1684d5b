"""A graph and its calls as buffers with lifetimes.

Time is counted in calls: a buffer lives from the call that writes it first to the call that reads it last. Inputs live
from before the first call, outputs until after the last. What a model remembers from run to run lives always.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from aot.graph.ir import Graph, Tensor
from aot.plan.overlap import Overlap
from aot.plan.records import ALIGNMENT, Buffer, Problem, Shared, Step, scratch_name
from aot.plan.views import View


def problem_of(graph: Graph, steps: Sequence[Step], views: Mapping[str, View]) -> Problem:
    """Every tensor in RAM and every scratch as a buffer, in the order of the calls."""
    first, last = _lifetimes(graph, steps, views)
    roots = {name: _root(name, views) for name in first}
    replaced = _replaced(graph, steps, roots, last)
    last.update({state.current: len(steps) for state in graph.state})
    buffers = [
        _buffer(graph[name], first[name], last[name], replaced.get(root, root), shift)
        for name, (root, shift) in roots.items()
    ]
    buffers += [
        Buffer(scratch_name(step.outputs[0]), step.scratch, t, t, step.scratch_alignment)
        for t, step in enumerate(steps)
        if step.scratch
    ]
    return Problem(tuple(buffers), _shared(steps, last))


def _root(name: str, views: Mapping[str, View]) -> tuple[str, int]:
    """The tensor that `name` is part of, in the end, and where it lies in that one."""
    shift = 0
    while name in views:
        name, shift = views[name].of, shift + views[name].shift
    return name, shift


def _buffer(tensor: Tensor, first: int, last: int, root: str, shift: int) -> Buffer:
    alignment = max(ALIGNMENT, np.dtype(tensor.dtype).itemsize)
    return Buffer(tensor.name, tensor.bytes, first, last, alignment, root if root != tensor.name else "", shift)


def _lifetimes(graph: Graph, steps: Sequence[Step], views: Mapping[str, View]) -> tuple[dict[str, int], dict[str, int]]:
    """The first and the last call that every tensor in RAM must outlive; of states, the last that reads them."""
    first = dict.fromkeys(graph.given, -1)
    for t, step in enumerate(steps):
        first.update(dict.fromkeys(step.outputs, t))
    _complete(graph, first)
    last = dict(first)
    for t, step in enumerate(steps):
        last.update((name, max(t, last[name])) for name in step.inputs if name in last)
    last.update(dict.fromkeys((name for name in graph.wanted if name in last), len(steps)))
    for name, view in views.items():
        if view.part and name in last:  # what was written into a part must last until the whole is there
            last[name] = max(last[name], first[view.of])
    return first, last


def _complete(graph: Graph, first: dict[str, int]) -> None:
    """Add the tensors that no call writes: a view is there when its source is, a whole when its last part is."""
    for op in graph.ops:
        sources = [name for name in op.inputs if name in first]
        for name in op.outputs:
            if name not in first and sources:
                first[name] = max(first[str(source)] for source in sources)


def _replaced(
    graph: Graph, steps: Sequence[Step], roots: Mapping[str, tuple[str, int]], last: Mapping[str, int]
) -> dict[str, str]:
    """The states that a call may overwrite with their next values, because nobody needs them any more: by the latter.

    Other next values are copied at the end of a run.
    """
    found: dict[str, str] = {}
    for state in graph.state:
        following, shift = roots.get(state.next, (state.next, 0))
        shown = {name for name, (root, _) in roots.items() if root == state.current}
        for t, step in enumerate(steps):
            if following not in step.outputs or shift or graph[following].bytes != graph[state.current].bytes:
                continue
            output = step.outputs.index(following)
            pieces = [(i, roots[name][1]) for i, name in enumerate(step.inputs) if name in shown]
            dead = all(last[name] <= t for name in shown)
            if dead and following not in found and all(step.overlap(i, output).allows(-at) for i, at in pieces):
                found[following] = state.current
    return found


def _shared(steps: Sequence[Step], last: Mapping[str, int]) -> Shared:
    """The overlaps of all calls whose input is read for the last time."""
    shared: dict[tuple[str, str], Overlap] = {}
    for t, step in enumerate(steps):
        for name in step.inputs:
            if last.get(name) == t:
                for output, written in enumerate(step.outputs):
                    shared[name, written] = step.overlap_with(name, output)
    return shared
