"""The oracle: runs a graph in numpy. Every kernel, on every board, must give these bytes."""

from collections.abc import Mapping

from aot.ir import Array, Graph


def run(graph: Graph, inputs: Mapping[str, Array], rounding: str = "double") -> dict[str, Array]:
    """The value of every tensor, for one set of inputs of exactly the graph's shapes and types."""
    values = {name: tensor.data for name, tensor in graph.tensors.items() if tensor.data is not None}
    values.update(inputs)
    for op in graph.ops:
        results = op.evaluate(graph, values, rounding)
        for name, value in zip(op.outputs, results, strict=True):
            tensor = graph[name]
            assert value.shape == tensor.shape and value.dtype == tensor.dtype, f"{op}: {value.dtype}{value.shape}"
            values[name] = value
    return values
