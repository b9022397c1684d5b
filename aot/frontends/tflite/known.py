"""What follows from shapes: values of integers that operators compute, but that are known when the file is read."""

from collections.abc import Iterable

from aot.graph.ir import Array, Graph, Op, Tensor, Unsupported
from aot.ops.constants import ZerosLike
from aot.ops.shape import Shape

_MOST_ELEMENTS = 4096  # of a tensor: shapes, axes and positions have few
_TYPES = ("int32", "int64")


def known_outputs(op: Op, tensors: Iterable[Tensor | None]) -> dict[str, Array]:
    """The outputs of `op`, of these tensors, by name, where they follow from constants and shapes."""
    by_name = {t.name: t for t in tensors if t is not None}
    outputs = [by_name.get(name) for name in op.outputs]
    if op.graphs or any(t is None or t.dtype not in _TYPES or t.elements > _MOST_ELEMENTS for t in outputs):
        return {}
    values = {name: by_name[name].data for name in op.inputs if name is not None}
    if any(value is None for value in values.values()) and not isinstance(op, Shape | ZerosLike):
        return {}
    graph = Graph("known", by_name, (op,), (), op.outputs)
    try:
        op.check(graph)
    except Unsupported:
        return {}
    given = {name: value for name, value in values.items() if value is not None}
    return dict(zip(op.outputs, op.evaluate(graph, given, "double"), strict=True))
