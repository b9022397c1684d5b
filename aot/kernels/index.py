"""Operators that find, count or replace along an axis."""

import math
from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.kernels.move import CYCLES_PER_ELEMENT, c_type, copy_cycles, long_run
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.cumsum import CumSum
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.one_hot import OneHot
from aot.ops.top_k import TopK
from aot.ops.view import contiguous_strides


@dataclass(frozen=True)
class AlongAxis(Params):
    outer: int
    extent: int
    inner: int


@dataclass(frozen=True)
class TopKAny(Params):
    rows: int
    extent: int
    k: int


@dataclass(frozen=True)
class UpdateAny(Params):
    """`last` and `stride` are those of the dimensions that the update does not fill; the loops go over its runs."""

    count: int
    run: int
    last: tuple[int, ...]
    stride: tuple[int, ...]
    size: tuple[int, ...]


def _along(shape: tuple[int, ...], axis: int) -> AlongAxis:
    return AlongAxis(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))


def arg_extreme(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """The largest or smallest, of any type."""
    assert isinstance(op, ArgMax)
    x, y = op.operands(graph)
    better = "<" if isinstance(op, ArgMin) else ">"
    variant = {"type": c_type(x), "index": c_type(y), "better": better}
    cost = CYCLES_PER_ELEMENT * x.elements
    return Call(kernel, _along(x.shape, op.axis), (x.name,), (y.name,), variant, cost=cost)


def cumsum(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32, and integers that wrap as unsigned ones do."""
    assert isinstance(op, CumSum)
    x, y = op.operands(graph)
    sums = {"float32": "float", "int32": "uint32_t", "int64": "uint64_t"}[x.dtype]
    variant = {"type": c_type(x), "sum": sums, "exclusive": op.exclusive, "reverse": op.reverse}
    cost = CYCLES_PER_ELEMENT * x.elements
    return Call(kernel, _along(x.shape, op.axis), (x.name,), (y.name,), variant, in_place=(0,), cost=cost)


def one_hot(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any type."""
    assert isinstance(op, OneHot)
    indices, on, off, y = op.operands(graph)
    variant = {"type": c_type(y), "index": c_type(indices)}
    inputs = (indices.name, on.name, off.name)
    cost = CYCLES_PER_ELEMENT * y.elements
    return Call(kernel, _along(y.shape, op.axis), inputs, (y.name,), variant, cost=cost)


def top_k(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any type, by insertion: few are asked for."""
    assert isinstance(op, TopK)
    x, values, indices = op.operands(graph)
    params = TopKAny(x.elements // x.shape[-1], x.shape[-1], op.k)
    cost = CYCLES_PER_ELEMENT * x.elements * op.k
    return Call(kernel, params, (x.name,), (values.name, indices.name), {"type": c_type(x)}, cost=cost)


def dynamic_update_slice(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any type; in place where the input is not needed again."""
    assert isinstance(op, DynamicUpdateSlice)
    x, update, start, y = op.operands(graph)
    axes = len(x.shape)
    while axes > 1 and update.shape[axes - 1] == x.shape[axes - 1]:
        axes -= 1
    last = tuple(n - u for n, u in zip(x.shape[:axes], update.shape[:axes], strict=True))
    run = math.prod(update.shape[axes - 1 :])
    params = UpdateAny(x.elements, run, last, contiguous_strides(x.shape)[:axes], (*update.shape[: axes - 1], 1))
    variant = {"type": c_type(y), "index": c_type(start), "axes": axes, "runs": long_run(run, y)}
    in_place = (0,) if update.elements < x.elements else ()
    inputs = (x.name, update.name, start.name)
    return Call(kernel, params, inputs, (y.name,), variant, in_place=in_place, cost=copy_cycles(y, runs=True))
