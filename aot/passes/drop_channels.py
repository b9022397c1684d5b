"""Channels that are constant for every input, and those that nobody reads, are dropped; biases take over the former.

A filter of zeros, for one, answers the same for every input: what its readers make of that is a constant, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Array, Graph, Op, Quant, Tensor
from aot.ops.add import Add
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.relu import Relu
from aot.ops.reshape import Reshape

Mixing = Conv2D | FullyConnected  # every channel of the output reads every channel of the input
Weighted = Conv2D | FullyConnected | DepthwiseConv2D


@dataclass(frozen=True)
class _Known:
    """Which channels of a tensor hold one and the same code, everywhere and for every input; and that code."""

    constant: Array
    code: Array


def drop_channels(graph: Graph) -> Graph:
    """Exact in every rounding. A tensor keeps one channel at least; inputs and outputs of the graph keep all."""
    known = _constant_channels(graph)
    kept = _kept_channels(graph, known)
    if all(mask.all() for mask in kept.values()):
        return graph
    ops = []
    for op in graph.ops:
        if isinstance(op, Weighted):
            graph, op = _narrowed(graph, op, known, kept)
        ops.append(op)
    shapes = (replace(graph[n], shape=(*graph[n].shape[:-1], int(mask.sum()))) for n, mask in kept.items())
    return replace(graph.with_tensors(*shapes), ops=tuple(ops))


def _is_mixing(graph: Graph, op: Op) -> bool:
    """Whether `op` is a layer of whole filters over the last dimension of its input."""
    if not isinstance(op, Mixing):
        return False
    x, w, _, y = op.operands(graph)
    return x.dtype == "int8" and not x.constant and x.shape[-1:] == w.shape[-1:] and y.shape[-1:] == w.shape[:1]


def _is_channelwise(graph: Graph, op: Op) -> bool:
    """Whether each channel of the output reads the same channel of the input, or inputs, and no other."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    if x.dtype != "int8" or y.dtype != "int8" or x.constant or x.shape[-1:] != y.shape[-1:] or not x.shape:
        return False
    if isinstance(op, Add):
        return all(graph[name].shape == y.shape and not graph[name].constant for name in op.inputs)
    if isinstance(op, Mean):
        return len(x.shape) - 1 not in op.axes
    return isinstance(op, DepthwiseConv2D | AveragePool2D | MaxPool2D | Relu | Reshape)


def _variables(graph: Graph, op: Op) -> list[Tensor]:
    """The operands that an inference computes."""
    return [graph[name] for name in op.inputs if name is not None and not graph[name].constant]


def _constant_channels(graph: Graph) -> dict[str, _Known]:
    """For each tensor that has any, its constant channels."""
    known: dict[str, _Known] = {}
    for op in graph.ops:
        if (_is_mixing(graph, op) or _is_channelwise(graph, op)) and (free := _free(graph, op, known)).any():
            found = _evaluated(graph, op, known)
            known[op.outputs[0]] = replace(found, constant=found.constant & free)
    return known


def _free(graph: Graph, op: Op, known: Mapping[str, _Known]) -> Array:
    """Which channels of the output depend on no channel that varies."""
    constants = [_constant(t, known) for t in _variables(graph, op)]
    varying = ~np.logical_and.reduce(constants)
    if not isinstance(op, Weighted):
        return np.asarray(~varying)
    _, w, _, _ = op.operands(graph)
    if isinstance(op, DepthwiseConv2D):
        return np.asarray(~(varying & w.values.any(axis=(0, 1, 2))))
    return np.asarray(~(w.values.reshape(w.shape[0], -1, w.shape[-1]).any(axis=1) & varying).any(axis=1))


def _constant(t: Tensor, known: Mapping[str, _Known]) -> Array:
    return known[t.name].constant if t.name in known else np.zeros(t.shape[-1], bool)


def _evaluated(graph: Graph, op: Op, known: Mapping[str, _Known]) -> _Known:
    """The channels of the output that are the same everywhere and in every rounding, where what varies is 0."""
    values: dict[str, Array] = {name: data for name in op.inputs if name and (data := graph[name].data) is not None}
    for t in _variables(graph, op):
        codes = np.where(known[t.name].constant, known[t.name].code, 0) if t.name in known else 0
        values[t.name] = np.broadcast_to(np.asarray(codes, np.int8), t.shape)
    channels = graph[op.outputs[0]].shape[-1]
    found = np.concatenate([op.evaluate(graph, values, r)[0].reshape(-1, channels) for r in ROUNDINGS])
    return _Known((found == found[0]).all(axis=0), found[0].astype(np.int64))


def _groups(graph: Graph) -> list[set[str]]:
    """Tensors that must keep the same channels, because operators take them channel by channel."""
    groups: list[set[str]] = []
    for op in graph.ops:
        together = set(op.outputs)
        if _is_channelwise(graph, op):
            together.update(t.name for t in _variables(graph, op))
        touched = [group for group in groups if group & together]
        groups = [group for group in groups if not group & together] + [together.union(*touched)]
    return groups


def _may_shrink(graph: Graph, group: set[str]) -> bool:
    """Whether only layers that can drop channels write and read the tensors of `group`."""
    if group & {*graph.given, *graph.wanted}:
        return False
    ops = [op for op in graph.ops if group.intersection((*op.inputs, *op.outputs))]
    return all(_is_mixing(graph, op) or _is_channelwise(graph, op) for op in ops)


def _kept_channels(graph: Graph, known: Mapping[str, _Known]) -> dict[str, Array]:
    """For each tensor that may lose channels, which ones it keeps."""
    groups = [group for group in _groups(graph) if _may_shrink(graph, group)]
    kept = {name: np.ones(graph[name].shape[-1], bool) for group in groups for name in group}
    changed = True
    while changed:
        changed = False
        for group in reversed(groups):
            before = kept[min(group)]
            needed = before & np.logical_or.reduce([_needed(graph, name, known, kept) for name in sorted(group)])
            if not needed.any():
                needed[np.argmax(before)] = True
            changed |= bool((needed != before).any())
            kept.update(dict.fromkeys(group, needed))
    return kept


def _needed(graph: Graph, name: str, known: Mapping[str, _Known], kept: Mapping[str, Array]) -> Array:
    """The channels of a tensor that a filter reads and whose contribution is not a constant."""
    needed = np.zeros(graph[name].shape[-1], bool)
    for op in graph.consumers(name):
        if isinstance(op, Mixing):
            x, w, _, y = op.operands(graph)
            filters = w.values[kept[y.name]] if y.name in kept else w.values
            read = filters.reshape(-1, w.shape[-1]).any(axis=0)
            needed |= read & ~_foldable(op, x, known)
    return needed


def _foldable(op: Mixing, x: Tensor, known: Mapping[str, _Known]) -> Array:
    """The channels of `x` that add the same to every sum: constant, and at a border the same as the padding."""
    if x.name not in known:
        return np.zeros(x.shape[-1], bool)
    padded = isinstance(op, Conv2D) and op.padding != ((0, 0), (0, 0))
    return np.asarray(known[x.name].constant & ((known[x.name].code == x.zero_point) | (not padded)))


def _narrowed(
    graph: Graph, op: Weighted, known: Mapping[str, _Known], kept: Mapping[str, Array]
) -> tuple[Graph, Weighted]:
    """`op` with the weights and biases of what is left; what it made of constants is in its bias."""
    x, w, b, y = op.operands(graph)
    rows = kept.get(y.name, np.ones(y.shape[-1], bool))
    columns = kept.get(x.name, np.ones(x.shape[-1], bool))
    if (rows.all() and columns.all()) or w.data is None:
        return graph, op
    if isinstance(op, DepthwiseConv2D):
        data, folded = w.data[..., rows], np.zeros(int(rows.sum()), np.int64)
    else:
        data = w.data[rows][..., columns]
        folded = _contribution(w.data[rows], columns, x, known)
    tensors = [replace(w, name=_own_name(graph, op, w), shape=data.shape, data=data, quant=_rows_of(w.quant, rows))]
    if b is not None and b.data is not None:
        bias = (b.data.reshape(-1)[rows] + folded).astype(b.dtype)
        tensors.append(
            replace(b, name=_own_name(graph, op, b), shape=bias.shape, data=bias, quant=_rows_of(b.quant, rows))
        )
    elif folded.any():
        bias = folded.astype(np.int32)
        tensors.append(Tensor(graph.unused(f"{y.name}_folded"), bias.shape, "int32", None, bias))
    narrowed = replace(op, inputs=(x.name, *(t.name for t in tensors)))
    return graph.with_tensors(*tensors), narrowed


def _contribution(filters: Array, columns: Array, x: Tensor, known: Mapping[str, _Known]) -> Array:
    """What the channels of `x` that go add to the sum of each of `filters`."""
    if x.name not in known or columns.all():
        return np.zeros(len(filters), np.int64)
    code = np.where(known[x.name].constant & ~columns, known[x.name].code - x.zero_point, 0)
    return np.asarray(filters.reshape(len(filters), -1, len(code)).astype(np.int64).sum(axis=1) @ code)


def _rows_of(quant: Quant | None, rows: Array) -> Quant | None:
    """The parameters of the channels that stay."""
    if quant is None or len(quant.scale) != len(rows):
        return quant
    scale = tuple(s for s, keep in zip(quant.scale, rows, strict=True) if keep)
    zeros = quant.zero_point
    zero_point = tuple(z for z, keep in zip(zeros, rows, strict=True) if keep) if len(zeros) == len(rows) else zeros
    return Quant(scale, zero_point, quant.axis)


def _own_name(graph: Graph, op: Op, t: Tensor) -> str:
    """The name of a constant, or another where someone else needs it, too."""
    alone = graph.consumers(t.name) == (op,) and t.name not in graph.wanted
    return t.name if alone else graph.unused(f"{t.name}_{op.name}")
