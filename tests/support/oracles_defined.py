"""Oracles of operators that LiteRT stops at, traps at or does not have in places: there our own definitions."""

from dataclasses import replace

import exact
import numpy as np
from resolvers import Values, reference

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.add import Add
from aot.ops.add_n import AddN
from aot.ops.binary import Binary
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.common import QUANTIZED_TYPES as QUANTIZED
from aot.ops.common import clamp
from aot.ops.division import Div, FloorDiv
from aot.ops.gather import Gather, GatherNd
from aot.ops.reverse_sequence import ReverseSequence


def indices_in_range(graph: Graph, values: Values) -> Array:
    """The reference kernels, which stop at an index out of range: given the nearest in range instead."""
    (op,) = graph.ops
    assert isinstance(op, Gather | GatherNd)
    x, indices, _ = op.operands(graph)
    if indices.constant:
        return reference(graph, values)
    extent = np.array(x.shape[: indices.shape[-1]] if isinstance(op, GatherNd) else x.shape[op.axis])
    nearest = np.clip(values[indices.name], 0, extent - 1).astype(indices.dtype)
    return reference(graph, {**values, indices.name: nearest})


def defined_quotients(graph: Graph, values: Values) -> Array:
    """The reference kernels, which stop where an integer is divided by zero, and trap where a quotient overflows.

    By zero, integers give 0, reals what double precision says.
    """
    (op,) = graph.ops
    assert isinstance(op, Binary)
    a, b, y = op.operands(graph)
    if y.dtype == "float32" and not isinstance(op, FloorDiv):
        return reference(graph, values)
    left, right = (_given(t, values) for t in (a, b))
    zero = np.broadcast_to(right == 0, y.shape)
    trap = zero if y.dtype == "float32" else zero | (right == -1) & (left == np.iinfo(y.dtype).min)
    divisor = np.where(trap, 1, right).astype(b.dtype)
    safe = graph.with_tensors(replace(a, name="a", data=None), Tensor("divisor", y.shape, b.dtype, b.quant))
    safe = replace(safe, ops=(replace(op, inputs=("a", "divisor")),), inputs=("a", "divisor"))
    expected = reference(safe, {"a": left, "divisor": divisor})
    with np.errstate(all="ignore"):
        by_zero = np.floor(left.astype(float) / right) if y.dtype == "float32" else 0
    return np.where(zero, by_zero, expected).astype(y.dtype)


def quotients(graph: Graph, values: Values) -> Array:
    """The reference kernel's; of codes, 0 where it stops, dividing by 0, or shifts by more bits than there are."""
    (op,) = graph.ops
    assert isinstance(op, Div)
    a, b, y = op.operands(graph)
    if y.dtype not in QUANTIZED:
        return defined_quotients(graph, values)
    left, right = (_given(t, values) for t in (a, b))
    zero = right == b.zero_point
    divisor = np.where(zero, right ^ 1, right).astype(b.dtype)
    free = graph.with_tensors(replace(a, name="a", data=None), replace(b, name="b", data=None))
    free = replace(free, ops=(replace(op, inputs=("a", "b")),), inputs=("a", "b"))
    expected = reference(free, {"a": left, "b": divisor})
    real = (left.astype(float) - a.zero_point) / (divisor.astype(float) - b.zero_point) * a.scale / b.scale / y.scale
    nothing = clamp(np.array(y.zero_point), op.activation, y)
    return np.where(zero | (np.abs(real) < 0.5), nothing, expected).astype(y.dtype)


def sums(graph: Graph, values: Values) -> Array:
    """The reference kernel's; of int8, which LiteRT has not, its sum of two, and our own integers for more."""
    (op,) = graph.ops
    assert isinstance(op, AddN)
    if graph["y"].dtype != "int8":
        return reference(graph, values)
    if len(op.inputs) == 2:
        return reference(replace(graph, ops=(Add(name=op.name, inputs=op.inputs, outputs=op.outputs),)), values)
    return exact.sums(op, graph, {**{n: t.data for n, t in graph.tensors.items() if t.data is not None}, **values}, 2)


def powers(graph: Graph, values: Values) -> Array:
    """The reference kernel, which stops at integer exponents below zero and saturates: given 0 instead, and wrapped."""
    (op,) = graph.ops
    assert isinstance(op, Binary)
    a, b, y = op.operands(graph)
    if y.dtype == "float32":
        return reference(graph, values)
    base, exponent = (np.broadcast_to(_given(t, values), y.shape) for t in (a, b))
    exponent = np.maximum(exponent, 0)
    safe = graph.with_tensors(*(Tensor(name, y.shape, "int32") for name in ("base", "exponent")))
    safe = replace(safe, ops=(replace(op, inputs=("base", "exponent")),), inputs=("base", "exponent"))
    expected = reference(safe, {"base": base, "exponent": exponent})
    pairs = zip(base.ravel().tolist(), exponent.ravel().tolist(), strict=True)
    wrapped = np.array([pow(v, e, 1 << 32) for v, e in pairs], np.uint32).view(np.int32).reshape(y.shape)
    with np.errstate(over="ignore"):
        fits = np.abs(base.astype(float)) ** exponent < 2.0**31
    return np.where(fits, expected, wrapped)


def _given(t: Tensor, values: Values) -> Array:
    return values[t.name] if t.data is None else t.data


MOST_BROADCAST = 4  # dimensions that LiteRT's kernels broadcast, all of them


def flat(graph: Graph, values: Values) -> tuple[Graph, Values]:
    """The same operator on two operands, with the broadcasting done, of one dimension."""
    (op,) = graph.ops
    assert isinstance(op, Binary)
    a, b, y = op.operands(graph)
    parts = [replace(t, name=n, shape=(y.elements,), data=None) for t, n in ((a, "left"), (b, "right"), (y, y.name))]
    given = {n: np.broadcast_to(_given(t, values), y.shape).reshape(-1) for t, n in ((a, "left"), (b, "right"))}
    node = replace(op, inputs=("left", "right"))
    return Graph(graph.name, {t.name: t for t in parts}, (node,), ("left", "right"), graph.outputs), given


def lengths_in_range(graph: Graph, values: Values) -> Array:
    """The reference kernel, which stops at a length beyond the end: given the end."""
    (op,) = graph.ops
    assert isinstance(op, ReverseSequence)
    x, lengths, _ = op.operands(graph)
    if lengths.constant:
        return reference(graph, values)
    nearest = np.clip(values[lengths.name], 0, x.shape[op.axis]).astype(lengths.dtype)
    return reference(graph, {**values, lengths.name: nearest})


def shapes_that_broadcast(graph: Graph, values: Values) -> Array:
    """The reference kernel, which stops at shapes that do not broadcast: there given the first one twice."""
    (op,) = graph.ops
    assert isinstance(op, BroadcastArgs)
    a, b, _ = op.operands(graph)
    first, second = _given(a, values), _given(b, values).copy()
    common = min(a.elements, b.elements)
    left, right = first[a.elements - common :], second[b.elements - common :]
    clash = (left != right) & (left != 1) & (right != 1)
    right[clash] = left[clash]
    free = graph.with_tensors(*(replace(t, data=None) for t in (a, b)))
    return reference(replace(free, inputs=(a.name, b.name)), {a.name: first, b.name: second})
