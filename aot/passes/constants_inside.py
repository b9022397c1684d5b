"""Constants that go into control flow are constants of the graphs inside, which then need not copy them to RAM."""

from collections.abc import Collection
from dataclasses import replace

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.control import If, While


def with_constants_inside(graph: Graph, op: Op) -> tuple[Graph, Op]:
    """`op` without the constant inputs that it keeps as they are; `graph` with constants for outputs that show such."""
    if isinstance(op, If):
        constant = {i: graph[name] for i, name in enumerate(op.inputs[1:]) if graph[name].constant}
        kept = tuple(name for i, name in enumerate(op.inputs[1:]) if i not in constant)
        return graph, replace(op.with_graphs(lambda inner: _given(inner, constant)), inputs=(op.inputs[0], *kept))
    return _loop(graph, op) if isinstance(op, While) else (graph, op)


def _loop(graph: Graph, op: While) -> tuple[Graph, Op]:
    """What each step hands on as it was given stays what it is in the beginning."""
    same = [a == b for a, b in zip(op.body.inputs, op.body.outputs, strict=True)]
    constant = {i: graph[name] for i, name in enumerate(op.inputs) if same[i] and graph[name].constant}
    if len(constant) == len(op.inputs):
        return graph, op
    body = replace(op.body, outputs=_without(op.body.outputs, constant))
    outputs = _without(op.outputs, constant)
    changed = replace(
        op,
        name=outputs[0],
        inputs=tuple(name for i, name in enumerate(op.inputs) if i not in constant),
        outputs=outputs,
        condition=_given(op.condition, constant),
        body=_given(body, constant),
    )
    return graph.with_tensors(*(replace(graph[op.outputs[i]], data=t.data) for i, t in constant.items())), changed


def _given(inner: Graph, constant: dict[int, Tensor]) -> Graph:
    """`inner` with constants for some of its inputs."""
    known = (replace(inner[inner.inputs[i]], data=t.data) for i, t in constant.items())
    return replace(inner.with_tensors(*known), inputs=_without(inner.inputs, constant))


def _without(names: tuple[str, ...], places: Collection[int]) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(names) if i not in places)
