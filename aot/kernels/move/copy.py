"""Operators that read, or write, in another order: by strides, or by a table for each dimension. Of every type."""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from aot.graph.ir import Array, Graph, Op, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target
from aot.kernels.common.loops import merge
from aot.kernels.common.order import picked
from aot.kernels.common.work import copied
from aot.kernels.move.parts import c_type, long_run
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.mirror_pad import MirrorPad
from aot.ops.pad import pad_value
from aot.ops.pick import Pick
from aot.ops.rearrange import BroadcastTo, Reverse, Tile
from aot.ops.resize import ResizeNearest
from aot.ops.slice import Slice, StridedSlice
from aot.ops.transpose import Transpose
from aot.ops.view import Indexed, View


@dataclass(frozen=True)
class StridedCopy(Params):
    """The loop over a run of `run` elements, where there are runs, is not among the others."""

    first: int
    run: int | None
    size: tuple[int, ...]
    in_stride: tuple[int, ...]


@dataclass(frozen=True)
class TableCopy(Params):
    """The table of loop d begins at `start[d]`; `count` is how many elements are filled first."""

    count: int | None
    run: int | None
    size: tuple[int, ...]
    start: tuple[int, ...]
    table: Constant


def strided_copy(kernel: AnyKernel, op: View, graph: Graph, target: Target) -> Call:
    """Whatever numpy can say as a view."""
    x, y = op.operands(graph)
    source = np.empty(x.shape, x.dtype)
    view = op.view(source)
    first = (_address(view) - _address(source)) // source.itemsize
    size, stride = merge(view.shape, tuple(s // source.itemsize for s in view.strides))
    runs = stride[-1] == 1 and long_run(size[-1], y)
    run = size[-1] if runs else None
    if runs:
        size, stride = merge((1, *size[:-1]), (0, *stride[:-1]))
    variant = {"rank": len(size), "type": c_type(y), "runs": runs}
    params = StridedCopy(first, run, size, stride)
    positions = op.view(np.arange(x.elements).reshape(x.shape))
    overlaps = {0: picked(x, y, positions, run or 1)}
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        variant,
        overlaps=overlaps,
        work=copied(y, y.elements // run if run else 0),
    )


def _address(array: Array) -> int:
    """Where the first element lies."""
    return int(array.__array_interface__["data"][0])


def table_copy(kernel: AnyKernel, op: Indexed, graph: Graph, target: Target) -> Call:
    """Reads by tables, writes in order."""
    x, y = op.operands(graph)
    tables = op.tables(graph)
    params, runs = _tables(tables, y, None)
    call = _call(kernel, op, params, x, y, runs, {"jumping": "in", "walking": "out", "fill": None})
    return replace(call, overlaps={0: picked(x, y, reduce(np.add.outer, tables), params.run or 1)})


def table_scatter(kernel: AnyKernel, op: SpaceToBatch, graph: Graph, target: Target) -> Call:
    """Reads in order, writes by tables, after zero was written everywhere if some places are left."""
    x, y = op.operands(graph)
    padded = y.elements > x.elements
    params, runs = _tables(op.tables(graph), y, y.elements if padded else None)
    return _call(
        kernel, op, params, x, y, runs, {"jumping": "out", "walking": "in", "fill": pad_value(y) if padded else None}
    )


def _call(
    kernel: AnyKernel, op: Op, params: TableCopy, x: Tensor, y: Tensor, runs: bool, variant: dict[str, object]
) -> Call:
    work = copied(y, y.elements // params.run if params.run else 0)
    shown = {"rank": len(params.size), "type": c_type(y), "table": params.table.c_type, "runs": runs}
    return Call(kernel, op, params, (x.name,), (y.name,), {**shown, **variant}, work=work)


def _tables(tables: tuple[Array, ...], y: Tensor, fill: int | None) -> tuple[TableCopy, bool]:
    """One loop for each table that is needed; the last ones become a run where all they say is one after the other."""
    tables, run = _without_run(tables)
    runs = long_run(run, y)
    if not runs:
        tables = (*tables, np.arange(run))
    first = sum(int(table[0]) for table in tables)
    needed = [table - table[0] for table in tables if len(table) > 1] or [np.zeros(1, np.int64)]
    needed[0] = needed[0] + first
    sizes = tuple(len(table) for table in needed)
    starts = tuple(int(s) for s in np.cumsum((0, *sizes[:-1])))
    joined = np.concatenate(needed)
    small = joined.min() >= -(2**15) and joined.max() < 2**15
    data = joined.astype(np.int16 if small else np.int32)
    table = Constant(f"{y.name}_table", data, "For each dimension, where its steps lead, in elements")
    return TableCopy(fill, run if runs else None, sizes, starts, table), runs


def _without_run(tables: tuple[Array, ...]) -> tuple[tuple[Array, ...], int]:
    """The tables without the last ones that only count on, and how far those count."""
    run, left = 1, list(tables)
    while left and np.array_equal(left[-1], np.arange(len(left[-1])) * run):
        run *= len(left.pop())
    return tuple(left), run


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("strided_copy", "move/strided_copy", (BroadcastTo, DepthToSpace, Reverse, Slice, SpaceToDepth, StridedSlice,
           Tile, Transpose), strided_copy),
    Kernel("table_copy", "move/table_copy", (BatchToSpace, MirrorPad, Pick, ResizeNearest), table_copy),
    Kernel("table_copy", "move/table_copy", (SpaceToBatch,), table_scatter),
)  # fmt: skip
