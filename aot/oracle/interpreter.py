"""The oracle: runs a graph in numpy. Every kernel, on every board, must give these bytes."""

from collections.abc import Iterable, Iterator, Mapping

from aot.graph.ir import Array, Graph

Values = Mapping[str, Array]  # by the tensor's name


def run(graph: Graph, inputs: Values, rounding: str = "double", state: Values | None = None) -> dict[str, Array]:
    """The value of every tensor, for one set of inputs of exactly the graph's shapes and types.

    `state` holds the states by the names of their `current` tensors; without it, they are the initial ones.
    """
    return graph.values(start(graph, inputs, state), rounding)


def run_all(graph: Graph, samples: Iterable[Values], rounding: str = "double") -> Iterator[dict[str, Array]]:
    """The same for one sample after the other; the first meets the initial state, each other what the last one left."""
    state = initial_state(graph)
    for sample in samples:
        values = run(graph, sample, rounding, state)
        state = next_state(graph, values)
        yield values


def start(graph: Graph, inputs: Values, state: Values | None = None) -> dict[str, Array]:
    """What is known before the first operator: the constants, the inputs, the state."""
    constants = {name: t.data for name, t in graph.tensors.items() if t.data is not None}
    return {**constants, **inputs, **(initial_state(graph) if state is None else state)}


def initial_state(graph: Graph) -> dict[str, Array]:
    """What the graph remembers before its first run."""
    return {state.current: state.initial for state in graph.state}


def next_state(graph: Graph, values: Values) -> dict[str, Array]:
    """What the graph remembers after a run that gave `values`."""
    return {state.current: values[state.next] for state in graph.state}
