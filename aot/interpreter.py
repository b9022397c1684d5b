"""The oracle: runs a graph in numpy. Every kernel, on every board, must give these bytes."""

from collections.abc import Mapping

from aot.ir import Array, Graph, Op

Values = dict[str, Array]  # by the tensor's name


def run(graph: Graph, inputs: Mapping[str, Array], rounding: str = "double") -> Values:
    """The value of every tensor, for one set of inputs of exactly the graph's shapes and types."""
    values = start(graph, inputs)
    for op in graph.ops:
        values |= step(graph, op, values, rounding)
    return values


def start(graph: Graph, inputs: Mapping[str, Array]) -> Values:
    """What is known before the first operator: the constants and the inputs."""
    return {name: t.data for name, t in graph.tensors.items() if t.data is not None} | dict(inputs)


def step(graph: Graph, op: Op, values: Mapping[str, Array], rounding: str = "double") -> Values:
    """The outputs of `op`, from the values of its operands."""
    results = dict(zip(op.outputs, op.evaluate(graph, values, rounding), strict=True))
    for name, value in results.items():
        tensor = graph[name]
        assert value.shape == tensor.shape and value.dtype == tensor.dtype, f"{op}: {value.dtype}{value.shape}"
    return results
