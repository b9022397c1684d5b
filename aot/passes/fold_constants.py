"""Operators whose inputs are all constant become constants; what goes into control flow is constant there, too."""

from dataclasses import replace

import numpy as np

from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Array, Graph, Op
from aot.ops.constants import ZerosLike
from aot.ops.shape import Shape
from aot.passes.constants_inside import with_constants_inside


def fold_constants(graph: Graph) -> Graph:
    """Evaluate what can be known now."""
    kept: list[Op] = []
    for op in graph.ops:
        if op.graphs:
            graph, op = with_constants_inside(graph, op)
            op = op.with_graphs(fold_constants)
        results = _constant_results(graph, op)
        if results is None:
            kept.append(op)
            continue
        constants = (replace(graph[name], data=value) for name, value in zip(op.outputs, results, strict=True))
        graph = graph.with_tensors(*constants)
    return replace(graph, ops=tuple(kept))


def _constant_results(graph: Graph, op: Op) -> tuple[Array, ...] | None:
    """The outputs of `op` if they are known and the same in every rounding. Control flow stays: it may not end."""
    unknown = any(name is not None and not graph[name].constant for name in op.inputs)
    if op.graphs or (unknown and not isinstance(op, Shape | ZerosLike)):  # those do not look at their input's values
        return None
    values = {name: data for name in op.inputs if name is not None and (data := graph[name].data) is not None}
    first, *others = (op.evaluate(graph, values, rounding) for rounding in ROUNDINGS)
    same = all(np.array_equal(a, b) for other in others for a, b in zip(first, other, strict=True))
    return first if same else None
