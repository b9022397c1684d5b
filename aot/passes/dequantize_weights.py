"""Weights of float32 layers that the file keeps as int8 or float16: here, and only here, they become float32."""

from dataclasses import replace

import numpy as np

from aot.graph.ir import Graph, Op, Tensor, Unsupported, prune_tensors
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.codes import reals
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize, scales_fit
from aot.ops.fully_connected import FullyConnected
from aot.ops.gather import EmbeddingLookup
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.svdf import Svdf
from aot.ops.transpose_conv import TransposeConv

# The inputs that each float32 layer multiplies by, or picks rows of.
_WEIGHTS: dict[type[Op], tuple[int, ...]] = {
    BatchMatMul: (1,),
    Conv2D: (1,),
    DepthwiseConv2D: (1,),
    EmbeddingLookup: (1,),
    FullyConnected: (1,),
    Lstm: (*range(1, 12), 16),
    Rnn: (1, 2),
    Svdf: (1, 2),
    TransposeConv: (1,),
}


def dequantize_weights(graph: Graph) -> Graph:
    """Constants that pass a DEQUANTIZE, and int8 ones that a float32 layer multiplies by, as float32.

    The latter keep their names unless others read them, too.
    """
    graph = _without_dequantized(graph)
    ops = list(graph.ops)
    for i, op in enumerate(ops):
        for position in _WEIGHTS.get(type(op), ()):
            w = _weights(op, position, graph)
            if w is None or w.data is None or w.quant is None or not scales_fit(w):
                continue  # the operator's own check will say what is wrong
            data = reals(w.data, w.quant)
            if not np.all(np.isfinite(data)):
                continue
            name = graph.unused(f"{w.name}_real") if _is_shared(w, graph) else w.name
            real = replace(w, name=name, dtype="float32", quant=None, data=data)
            op = replace(op, inputs=(*op.inputs[:position], real.name, *op.inputs[position + 1 :]))
            ops[i] = op
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


def _weights(op: Op, position: int, graph: Graph) -> Tensor | None:
    """The int8 weights of a float32 layer, known by its output, at an input, if it is one."""
    w = graph.operand(op, position)
    found = w is not None and w.dtype == "int8" and w.constant and graph[op.outputs[0]].dtype == "float32"
    return w if found else None


def _is_shared(w: Tensor, graph: Graph) -> bool:
    """Whether someone reads `w` as the integers that it holds."""
    return any(
        name == w.name and (position not in _WEIGHTS.get(type(op), ()) or _weights(op, position, graph) is None)
        for op in graph.ops
        for position, name in enumerate(op.inputs)
    )
