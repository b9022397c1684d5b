"""Many small graphs as one: disjoint parts with prefixed names, so that one build and one run answer for all."""

from collections.abc import Sequence
from dataclasses import replace

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph

Sample = dict[str, Array]  # a value by each tensor's name
Case = tuple[Graph, Sample]  # a graph, and a value for each of its inputs


def prefixed(index: int, name: str) -> str:
    """What the tensor `name` of case `index` is called in the merged graph."""
    return f"c{index}_{name}"


def index_of(name: str) -> int:
    """The case that a tensor of the merged graph is of."""
    return int(name[1 : name.index("_")])


def renamed(graph: Graph, index: int) -> Graph:
    """Case `index` under its names in the merged graph."""

    def new(name: str) -> str:
        return prefixed(index, name)

    ops = tuple(
        replace(
            op,
            name=new(op.name),
            inputs=tuple(None if name is None else new(name) for name in op.inputs),
            outputs=tuple(map(new, op.outputs)),
        ).with_graphs(lambda inner: renamed(inner, index))
        for op in graph.ops
    )
    state = tuple(replace(s, current=new(s.current), next=new(s.next)) for s in graph.state)
    tensors = {new(name): replace(t, name=new(name)) for name, t in graph.tensors.items()}
    return Graph(graph.name, tensors, ops, tuple(map(new, graph.inputs)), tuple(map(new, graph.outputs)), state)


def merged(cases: Sequence[Case], name: str = "merged") -> Case:
    """One graph that holds every case, with names of its own; and the value of each of its inputs."""
    parts = [renamed(graph, i) for i, (graph, _) in enumerate(cases)]
    values = {prefixed(i, key): value for i, (_, inputs) in enumerate(cases) for key, value in inputs.items()}
    whole = Graph(
        name,
        {key: t for part in parts for key, t in part.tensors.items()},
        tuple(op for part in parts for op in part.ops),
        tuple(key for part in parts for key in part.inputs),
        tuple(key for part in parts for key in part.outputs),
        tuple(state for part in parts for state in part.state),
    )
    whole.check()
    return whole, values
