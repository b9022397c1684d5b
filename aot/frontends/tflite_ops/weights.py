"""Weights of float32 layers that the file keeps as int8 or float16: here, and only here, they become float32."""

from dataclasses import replace

import numpy as np

from aot.ir import Graph, Op, Tensor, Unsupported, prune_tensors
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize, reals, scales_fit
from aot.ops.fully_connected import FullyConnected

_WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected)


def with_real_weights(graph: Graph) -> Graph:
    """Constants that pass a DEQUANTIZE, and int8 ones that a float32 layer multiplies by, as float32.

    The latter keep their names unless others read them, too.
    """
    graph = _without_dequantized(graph)
    ops = list(graph.ops)
    for i, op in enumerate(ops):
        w = _weights(op, graph)
        if w is None or w.data is None or w.quant is None or not scales_fit(w):
            continue  # the operator's own check will say what is wrong
        data = reals(w.data, w.quant)
        if not np.all(np.isfinite(data)):
            continue
        shared = any(w.name in other.inputs and _weights(other, graph) is None for other in graph.ops)
        name = _unused(graph, w.name) if shared else w.name
        real = replace(w, name=name, dtype="float32", quant=None, data=data)
        ops[i] = replace(op, inputs=(op.inputs[0], real.name, *op.inputs[2:]))
        graph = replace(graph.with_tensors(real), ops=tuple(ops))
    return graph


def _without_dequantized(graph: Graph) -> Graph:
    """What DEQUANTIZE makes of constants, as constants; where it is not supported, its own check will say why."""
    kept: list[Op] = []
    for op in graph.ops:
        x = graph.operand(op, 0) if isinstance(op, Dequantize) else None
        if x is None or x.data is None or _refused(op, graph):
            kept.append(op)
            continue
        (data,) = op.evaluate(graph, {x.name: x.data}, "double")
        graph = graph.with_tensors(replace(graph[op.outputs[0]], data=data))
    return prune_tensors(replace(graph, ops=tuple(kept)))


def _refused(op: Op, graph: Graph) -> bool:
    try:
        op.check(graph)
    except Unsupported:
        return True
    return False


def _weights(op: Op, graph: Graph) -> Tensor | None:
    """The int8 weights of a float32 layer, if it is one."""
    if not isinstance(op, _WEIGHTED) or len(op.inputs) < 2 or None in op.inputs[:2]:
        return None
    x, w = graph[op.inputs[0]], graph[op.inputs[1]]
    return w if x.dtype == "float32" and w.dtype == "int8" and w.constant else None


def _unused(graph: Graph, name: str) -> str:
    name += "_real"
    while name in graph.tensors:
        name += "_"
    return name
