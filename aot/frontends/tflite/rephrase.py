"""What a .tflite file can only say in other words: PAD before a layer, SLICE behind it, zeros as bias, functions."""

from dataclasses import replace

import numpy as np
import tflite

from aot.frontends.tflite.compositions import composed
from aot.frontends.tflite.operators.records import read_pads
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.common import Activation, Pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pad import Pad, PadV2
from aot.ops.pool2d import MaxPool2D
from aot.ops.relu import Relu0To1
from aot.ops.slice import Slice
from aot.ops.transpose_conv import TransposeConv

_NO_PADS: Pads = ((0, 0), (0, 0))
_Window = Conv2D | DepthwiseConv2D | MaxPool2D


def rephrased(graph: Graph) -> Graph:
    """The same graph, as far as a file can hold it."""
    return _with_biases(_with_pads(_with_limits(composed(graph))))


def _with_limits(graph: Graph) -> Graph:
    """RELU_0_TO_1 is an operator in files, never fused; on the same codes it is as exact."""
    for op in graph.ops:
        if getattr(op, "activation", None) is Activation.RELU_0_TO_1:
            name = graph.unused(f"{op.name}_unlimited")
            wide = replace(graph[op.outputs[0]], name=name, label=name)
            layer = op.changed(name=name, outputs=(name,), activation=Activation.NONE)
            limit = Relu0To1(name=op.name, inputs=(name,), outputs=op.outputs)
            graph = _instead(graph.with_tensors(wide), op, layer, limit)
    return graph


def _with_biases(graph: Graph) -> Graph:
    """LiteRT wants a bias of convolutions."""
    for op in graph.ops:
        if isinstance(op, Conv2D) and op.operands(graph)[2] is None:
            x, w = graph[op.inputs[0]], graph[op.inputs[1]]
            name, dtype = graph.unused(f"{op.name}_bias"), {"int8": "int32", "int16": "int64"}.get(x.dtype, x.dtype)
            zeros = Tensor(name, (w.shape[0],), dtype, _bias_quant(x, w), np.zeros(w.shape[0], dtype), name)
            layer = replace(op, inputs=(x.name, w.name, name))
            graph = _instead(graph.with_tensors(zeros), op, layer)
    return graph


def _bias_quant(x: Tensor, w: Tensor) -> Quant | None:
    """The product of the scales of input and weights."""
    if x.quant is None or w.quant is None:
        return None
    scales = tuple(float(np.float32(x.scale) * np.float32(s)) for s in w.quant.scale)
    return Quant(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)


def _with_pads(graph: Graph) -> Graph:
    """Windows whose padding is neither SAME nor VALID read a padded input; transposed convolutions are cut to size."""
    for op in graph.ops:
        if isinstance(op, _Window) and not _is_said(op.padding, _same(graph, op)):
            graph = _padded(graph, op)
        elif isinstance(op, TransposeConv) and not _is_said(op.padding, _same_transposed(graph, op)):
            graph = _cut(graph, op)
    return graph


def _is_said(pads: Pads, same: Pads) -> bool:
    return pads in (_NO_PADS, same)


def _same(graph: Graph, op: _Window) -> Pads:
    x = graph[op.inputs[0]]
    kernel = op.kernel if isinstance(op, MaxPool2D) else graph[op.inputs[1]].shape[1:3]
    return read_pads(tflite.Padding.SAME, x, kernel, op.stride, op.dilation)


def _same_transposed(graph: Graph, op: TransposeConv) -> Pads:
    _, w, _, y = op.operands(graph)
    return read_pads(tflite.Padding.SAME, y, w.shape[1:3], op.stride, (1, 1))


def _padded(graph: Graph, op: _Window) -> Graph:
    """Convolutions are padded with zero, pools with what is never the largest."""
    x = graph[op.inputs[0]]
    pads = ((0, 0), *op.padding, (0, 0))
    shape = tuple(e + sum(p) for e, p in zip(x.shape, pads, strict=True))
    wide = replace(x, name=graph.unused(f"{op.name}_padded"), shape=shape, data=None)
    wide = replace(wide, label=wide.name)
    graph = graph.with_tensors(wide)
    if isinstance(op, MaxPool2D):
        lowest = _lowest(graph, op, x)
        graph = graph.with_tensors(lowest)
        pad: Op = PadV2(name=wide.name, inputs=(x.name, lowest.name), outputs=(wide.name,), pads=pads)
    else:
        pad = Pad(name=wide.name, inputs=(x.name,), outputs=(wide.name,), pads=pads)
    return _instead(graph, op, pad, replace(op, inputs=(wide.name, *op.inputs[1:]), padding=_NO_PADS))


def _lowest(graph: Graph, op: Op, x: Tensor) -> Tensor:
    limits = np.finfo(np.float32).min if x.dtype == "float32" else np.iinfo(x.dtype).min
    name = graph.unused(f"{op.name}_lowest")
    return Tensor(name, (), x.dtype, x.quant, np.asarray(limits, x.dtype), name)


def _cut(graph: Graph, op: TransposeConv) -> Graph:
    """All sums are computed, then those that the padding leaves out are dropped."""
    x, w, _, y = op.operands(graph)
    sizes = [
        max((x.shape[1 + i] - 1) * op.stride[i] + w.shape[1 + i], y.shape[1 + i] + op.padding[i][0]) for i in (0, 1)
    ]
    name = graph.unused(f"{op.name}_whole")
    whole = replace(y, name=name, label=name, shape=(y.shape[0], *sizes, y.shape[3]))
    first = (0, op.padding[0][0], op.padding[1][0], 0)
    layer = replace(op, name=name, outputs=(name,), padding=_NO_PADS)
    part = Slice(name=op.name, inputs=(name,), outputs=op.outputs, begin=first, size=y.shape)
    return _instead(graph.with_tensors(whole), op, layer, part)


def _instead(graph: Graph, op: Op, *others: Op) -> Graph:
    place = next(i for i, each in enumerate(graph.ops) if each is op)
    return replace(graph, ops=(*graph.ops[:place], *others, *graph.ops[place + 1 :]))
