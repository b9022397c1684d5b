"""The transposes of a model that move elements, and why each is there."""

from collections.abc import Iterator
from dataclasses import dataclass

from aot.graph.ir import Graph, Tensor
from aot.ops.reshape import Reshape
from aot.ops.transpose import Transpose
from aot.plan import find_views


@dataclass(frozen=True)
class Kept:
    """The result of a transpose that costs a copy of so many bytes."""

    name: str
    bytes: int
    reason: str

    def __str__(self) -> str:
        return f"%{self.name}, {self.bytes:,} bytes: {self.reason}"


def transposes_of(graph: Graph) -> tuple[Kept, ...]:
    """Those of `graph` itself; one that leaves every element where it is costs nothing, and is not among them."""
    views = find_views(graph)
    kept = [op for op in graph.ops if isinstance(op, Transpose) and not views.cover(op)]
    return tuple(Kept(op.outputs[0], graph[op.outputs[0]].bytes, _reason(graph, op)) for op in kept)


def _reason(graph: Graph, op: Transpose) -> str:
    source = _before_reshapes(graph, str(op.inputs[0]))
    results = list(_behind_reshapes(graph, op.outputs[0]))
    if source in graph.inputs:
        return _port_reason("input", graph[source])
    for name in results:
        if name in graph.outputs:
            return _port_reason("output", graph[name])
    maker = graph.producer(source)
    made = f"%{source} ({maker.kind})" if maker else f"%{source}"
    readers = [
        f"%{one.name} ({one.kind})" for name in results for one in graph.consumers(name) if one.kind != "Reshape"
    ]
    return f"{made} has its axes in another order than {', '.join(readers)} takes them"


def _before_reshapes(graph: Graph, name: str) -> str:
    """The tensor whose elements `name` has under another shape."""
    maker = graph.producer(name)
    return _before_reshapes(graph, str(maker.inputs[0])) if isinstance(maker, Reshape) else name


def _behind_reshapes(graph: Graph, name: str) -> Iterator[str]:
    """`name`, and all tensors that are it under another shape."""
    yield name
    for reader in graph.consumers(name):
        if isinstance(reader, Reshape):
            yield from _behind_reshapes(graph, reader.outputs[0])


def _port_reason(side: str, port: Tensor) -> str:
    if len(port.shape) == 4:  # an image
        return f"the {side} %{port.name} has its channels first; with --io-layout nhwc (ONNX) none is needed"
    return f"the {side} %{port.name} has its axes in another order than kernels take them"
