"""A recurrent layer gives its last states alone where nobody reads the outputs of other steps: these need no memory.

Whoever slices the last step out of all outputs reads the state instead.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, prune_tensors
from aot.ops.gru import Gru
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.reshape import Reshape
from aot.ops.sequence import sequence_of
from aot.ops.slice import Slice, StridedSlice
from aot.passes.eliminate_dead import eliminate_dead

Layer = Gru | Lstm | Rnn
_MOVING = (Reshape, Slice, StridedSlice)


def drop_sequences(graph: Graph) -> Graph:
    """`graph` without outputs of steps that nobody reads, of layers of float32."""
    states = {name: op.outputs[-op.states] for op in _layers(graph) for name in _last_steps(op, graph)}
    ops = tuple(_reading(op, states.get(op.outputs[0])) if op.outputs else op for op in graph.ops)
    graph = eliminate_dead(replace(graph, ops=ops))
    read = {name for op in graph.ops for name in op.inputs} | set(graph.wanted)
    for name in [op.name for op in _layers(graph) if op.outputs[0] not in read]:
        graph = next(_without_steps(op, graph) for op in _layers(graph) if op.name == name)
    return prune_tensors(graph)


def _without_steps(layer: Layer, graph: Graph) -> Graph:
    """The state takes over the name of the outputs, which is the layer's, unless its own is known outside."""
    name, state = layer.outputs[:2]
    kept = replace(layer, outputs=layer.outputs[1:])
    ops = [kept if op is layer else op for op in graph.ops]
    if state in graph.wanted:
        return replace(graph, ops=tuple(ops))
    tensors = {n: t for n, t in graph.tensors.items() if n != state} | {name: replace(graph[state], name=name)}
    return replace(graph, tensors=tensors, ops=tuple(_renamed(op, state, name) for op in ops))


def _renamed(op: Op, before: str, after: str) -> Op:
    inputs = tuple(after if n == before else n for n in op.inputs)
    return replace(op, inputs=inputs, outputs=tuple(after if n == before else n for n in op.outputs))


def _layers(graph: Graph) -> Iterator[Layer]:
    """Layers that give the outputs of all steps, as float32."""
    for op in graph.ops:
        if isinstance(op, Layer) and op.gives_steps and graph[op.outputs[0]].dtype == "float32":
            yield op


def _last_steps(layer: Layer, graph: Graph) -> Iterator[str]:
    """The tensors that are the last step's outputs and nothing else, as the state has them."""
    name = layer.outputs[0]
    sequence = sequence_of(graph[layer.inputs[0]], layer.time_major, layer.reverse)
    places = np.arange(graph[name].elements).reshape(graph[name].shape)
    yield from _equal(graph, name, places, sequence.steps_first(places)[-1].ravel())


def _equal(graph: Graph, name: str, places: Array, wanted: Array) -> Iterator[str]:
    """What is made of %name, whose elements come from `places`, by moving alone, and consists of the `wanted` ones."""
    for op in graph.consumers(name):
        if not isinstance(op, _MOVING):
            continue
        (moved,) = op.evaluate(graph, {name: places}, "double")
        if np.array_equal(moved.ravel(), wanted):
            yield op.outputs[0]
        else:
            yield from _equal(graph, op.outputs[0], moved, wanted)


def _reading(op: Op, state: str | None) -> Op:
    """The operator, or a reshape of the state that it is made of."""
    return op if state is None else Reshape(name=op.name, inputs=(state,), outputs=op.outputs)
