"""Old models are quantized to uint8: here, and only here, that becomes int8, each code and zero point less 128.

The answers stay the same to the bit, and the model's inputs and outputs stay uint8: conversions stand at the edges.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, Quant, Tensor, Unsupported, prune_tensors
from aot.ops.cast import Cast
from aot.ops.concatenation import Concatenation
from aot.ops.control import If, While
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.pool2d import AveragePool2D
from aot.ops.quantize import Quantize
from aot.ops.resize import ResizeBilinear
from aot.ops.transpose_conv import TransposeConv
from aot.ops.unknown import Unknown

_SHIFT = 128
_WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected, TransposeConv)
# Operators for which the code itself counts, and not what it stands for, or that hold graphs of their own: they keep
# uint8.
_NUMERIC = (Cast, If, ResizeBilinear, Unknown, While)
# Operators that take each of their tensors in a type of its own.
_CONVERSIONS = (Quantize, Dequantize)


def sign_codes(graph: Graph) -> Graph:
    """`graph` with int8 for uint8 around every operator that takes no uint8."""
    names = _to_shift(graph)
    if not names:
        return graph
    for op in graph.ops:
        if isinstance(op, _WEIGHTED) and op.inputs[0] in names and op.inputs[1] in names:
            graph = _with_centred_weights(graph, op)
        if isinstance(op, Concatenation) and op.outputs[0] in names:
            graph, rescaled = _with_one_scale(graph, op)
            names |= rescaled
    pools = tuple(
        replace(op, ties_upwards=True) if isinstance(op, AveragePool2D) and op.inputs[0] in names else op
        for op in graph.ops
    )
    return prune_tensors(_shifted(replace(graph, ops=pools), names & set(graph.tensors)))


def _to_shift(graph: Graph) -> set[str]:
    """The uint8 tensors of operators that refuse them, and of all that must be of one type with those."""
    moving = [op for op in graph.ops if not isinstance(op, (*_NUMERIC, *_CONVERSIONS))]
    names: set[str] = set()
    for op in moving:
        if _refused(op, graph):
            names |= _unsigned(op, graph)
    while grown := [op for op in moving if (own := _unsigned(op, graph)) & names and own - names]:
        names.update(*(_unsigned(op, graph) for op in grown))
    return names


def _refused(op: Op, graph: Graph) -> bool:
    try:
        op.check(graph)
    except Unsupported:
        return True
    return False


def _unsigned(op: Op, graph: Graph) -> set[str]:
    """The quantized uint8 tensors of `op`."""
    names = {name for name in (*op.inputs, *op.outputs) if name is not None}
    return {n for n in names if graph[n].dtype == "uint8" and (q := graph[n].quant) is not None and not q.per_channel}


def _with_centred_weights(graph: Graph, op: Op) -> Graph:
    """Constant weights of `op` less their zero point: int8, or int16 where one byte does not hold all of them.

    TensorFlow Lite multiplies the scales of input and weights in float32 here, convolutions of int8 do so in double: so
    the new scale is the one that gives the same product.
    """
    x, w = graph[op.inputs[0]], graph[op.inputs[1]]
    if w.data is None:
        return graph
    codes = w.data.astype(np.int16) - w.zero_point
    narrow = codes.min() >= -_SHIFT and codes.max() < _SHIFT
    product = float(np.float32(x.scale) * np.float32(w.scale))
    data = codes.astype(np.int8) if narrow else codes
    name = graph.unused(f"{w.name}_signed")
    centred = replace(w, name=name, dtype=data.dtype.name, quant=Quant((product / x.scale,), (0,)), data=data)
    changed = replace(op, inputs=(op.inputs[0], name, *op.inputs[2:]))
    return replace(graph.with_tensors(centred), ops=tuple(changed if o is op else o for o in graph.ops))


def _with_one_scale(graph: Graph, op: Concatenation) -> tuple[Graph, set[str]]:
    """Inputs of another scale or zero point than the output's are rescaled; the names of what that makes."""
    _, y = op.operands(graph)
    others = dict.fromkeys(str(n) for n in op.inputs if graph[n].quant != y.quant)
    new = {name: graph.unused(f"{op.name}_{name}") for name in others}
    steps = tuple(Quantize(name=n, inputs=(old,), outputs=(n,), as_uint8=True) for old, n in new.items())
    made = (replace(graph[old], name=n, quant=y.quant, data=None, label=n) for old, n in new.items())
    place = graph.ops.index(op)
    joined = replace(op, inputs=tuple(new.get(str(name), name) for name in op.inputs))
    ops = (*graph.ops[:place], *steps, joined, *graph.ops[place + 1 :])
    return replace(graph.with_tensors(*made), ops=ops), set(new.values())


def _shifted(graph: Graph, names: set[str]) -> Graph:
    """The tensors `names` as int8; those that must be seen as uint8, too, under another name, with a conversion."""
    numeric = {n for op in graph.ops if isinstance(op, _NUMERIC) for n in (*op.inputs, *op.outputs)}
    seen = names & {*graph.given, *graph.wanted, *numeric}
    signed = {name: graph.unused(f"{name}_signed") if name in seen else name for name in names}
    tensors = {**graph.tensors, **{signed[name]: _signed(graph[name], signed[name]) for name in names}}
    known = {name for name in seen if name in graph.given}
    ops = [_conversion(name, signed[name]) for name in graph.given if name in seen]
    for name in sorted(seen - known):
        if graph[name].constant:
            tensors[name] = graph[name]  # a constant is simply there in both types
    for op in graph.ops:
        keep = isinstance(op, _NUMERIC)
        ops.append(op if keep else _renamed(op, lambda name: signed.get(name, name)))
        for name in op.outputs:
            if name in seen:
                ops.append(_conversion(name, signed[name]) if keep else _conversion(signed[name], name))
    return replace(graph, tensors=tensors, ops=tuple(ops))


def _signed(t: Tensor, name: str) -> Tensor:
    """`t` as int8."""
    quant = Quant(t.quantization.scale, (t.zero_point - _SHIFT,))
    data: Array | None = None if t.data is None else (t.data ^ _SHIFT).view(np.int8)
    return replace(t, name=name, dtype="int8", quant=quant, data=data)


def _conversion(source: str, target: str) -> Op:
    return Quantize(name=target, inputs=(source,), outputs=(target,))


def _renamed(op: Op, new: Callable[[str], str]) -> Op:
    inputs = tuple(None if name is None else new(name) for name in op.inputs)
    return replace(op, name=new(op.name), inputs=inputs, outputs=tuple(map(new, op.outputs)))
