"""Operators that find, count or replace along an axis."""

import math
from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import along
from aot.kernels.common.work import copied, per_element
from aot.kernels.move.parts import c_type, long_run
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.one_hot import OneHot
from aot.ops.view import contiguous_strides


@dataclass(frozen=True)
class UpdateAny(Params):
    """`last` and `stride` are those of the dimensions that the update does not fill; the loops go over its runs."""

    count: int
    run: int
    last: tuple[int, ...]
    stride: tuple[int, ...]
    size: tuple[int, ...]


def one_hot(kernel: AnyKernel, op: OneHot, graph: Graph, target: Target) -> Call:
    """Of every type."""
    indices, on, off, y = op.operands(graph)
    variant = {"type": c_type(y), "index": c_type(indices)}
    inputs = (indices.name, on.name, off.name)
    work = per_element("", y.elements)
    return Call(kernel, op, along(y.shape, op.axis), inputs, (y.name,), variant, work=work)


def dynamic_update_slice(kernel: AnyKernel, op: DynamicUpdateSlice, graph: Graph, target: Target) -> Call:
    """Of every type; in place where the input is not needed again."""
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
    work = copied(x, 1 + update.elements // run)
    return Call(kernel, op, params, inputs, (y.name,), variant, in_place=in_place, work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("one_hot", "move/one_hot", (OneHot,), one_hot),
    Kernel("dynamic_update_slice", "move/dynamic_update_slice", (DynamicUpdateSlice,), dynamic_update_slice),
)
