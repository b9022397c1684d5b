"""Operators that only move elements: padding, joining, cutting. Of every type."""

import math
from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.order import forwards, picked
from aot.kernels.common.work import copied
from aot.ops.concatenation import Concatenation
from aot.ops.pack import Pack
from aot.ops.pad import Pad, PadV2, pad_value
from aot.ops.split import Split, SplitV, Unpack
from aot.plan import Overlap

_SHORT_RUN = 16  # bytes: for fewer, a loop is faster than a call of memcpy


@dataclass(frozen=True)
class PadAny(Params):
    """`before` and `after` count the elements of all inner dimensions too."""

    size: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True)
class Parts(Params):
    """The elements of each part between one index before the axis and the next."""

    outer: int
    count: tuple[int, ...]


def c_type(tensor: Tensor) -> str:
    """The C type of its elements."""
    return C_TYPES[tensor.dtype]


def long_run(elements: int, tensor: Tensor) -> bool:
    """Whether a call of memcpy pays for so many elements that lie together."""
    return elements * (tensor.bytes // tensor.elements) >= _SHORT_RUN


def _pad_loops(shape: tuple[int, ...], pads: tuple[tuple[int, int], ...]) -> PadAny:
    """One loop for each padded dimension; what lies inside without padding is merged into it."""
    size, before, after = [1], [0], [0]  # innermost first
    inner = 1  # elements of one padded slice
    for extent, (ahead, behind) in reversed(list(zip(shape, pads, strict=True))):
        if before[-1] == after[-1] == 0:
            size[-1] *= extent  # nothing was added inside: one longer run
        else:
            size.append(extent)
            before.append(0)
            after.append(0)
        before[-1], after[-1] = ahead * inner, behind * inner
        inner *= extent + ahead + behind
    return PadAny(tuple(size[::-1]), tuple(before[::-1]), tuple(after[::-1]))


def pad_any(kernel: AnyKernel, op: Pad | PadV2, graph: Graph, target: Target) -> Call:
    """Padding with the value that stands for zero, or with that of an operand."""
    x, *operand, y = op.operands(graph)
    params = _pad_loops(x.shape, op.pads)
    value = "*value" if operand else pad_value(y)
    variant = {"rank": len(params.size), "type": c_type(y), "value": value, "operand": bool(operand)}
    inputs = tuple(t.name for t in (x, *operand))
    positions = np.pad(np.arange(x.elements).reshape(x.shape), op.pads, constant_values=-1)
    overlaps = {0: picked(x, y, positions)}
    return Call(kernel, op, params, inputs, (y.name,), variant, overlaps=overlaps, work=copied(y, 0))


def concatenation_any(kernel: AnyKernel, op: Concatenation | Pack, graph: Graph, target: Target) -> Call:
    """Concatenation along any axis, and stacking."""
    xs, y = op.operands(graph)
    params, runs = _parts(y, xs, op.axis)
    variant = {"inputs": len(xs), "type": c_type(y), "runs": runs}
    overlaps = {j: _joined(xs, y, params, j, runs) for j in range(len(xs))}
    names = tuple(x.name for x in xs)
    work = copied(y, params.outer * len(xs) if runs else 0)
    return Call(kernel, op, params, names, (y.name,), variant, overlaps=overlaps, work=work)


def _joined(xs: tuple[Tensor, ...], y: Tensor, params: Parts, j: int, runs: bool) -> Overlap:
    """How y may lie over part `j`, which is read in turns with the others: in runs, or an element at a time."""
    ends = np.cumsum(params.count)
    starts = ends - params.count
    if not runs:
        positions = np.full((params.outer, ends[-1]), -1)
        positions[:, starts[j] : ends[j]] = np.arange(xs[j].elements).reshape(params.outer, -1)
        return picked(xs[j], y, positions)
    first = np.arange(params.outer)[:, None, None]
    reads = np.zeros((params.outer, len(xs), 2), np.int64)
    reads[:, j] = first[:, 0] * params.count[j] + [0, params.count[j]]
    return forwards(xs[j], y, reads, first * ends[-1] + np.stack([starts, ends], axis=1)).overlap


def split_any(kernel: AnyKernel, op: Split, graph: Graph, target: Target) -> Call:
    """Cutting along any axis."""
    x, ys = op.operands(graph)
    params, runs = _parts(x, ys, op.axis)
    variant = {"outputs": len(ys), "type": c_type(x), "runs": runs}
    work = copied(x, params.outer * len(ys) if runs else 0)
    return Call(kernel, op, params, (x.name,), tuple(y.name for y in ys), variant, work=work)


def _parts(whole: Tensor, parts: tuple[Tensor, ...], axis: int) -> tuple[Parts, bool]:
    """How `parts` lie in `whole`, and whether all are long runs."""
    outer = math.prod(whole.shape[:axis])
    counts = tuple(part.elements // outer for part in parts)
    return Parts(outer, counts), all(long_run(count, whole) for count in counts)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("pad", "move/pad", (Pad, PadV2), pad_any),
    Kernel("concatenation", "move/concatenation", (Concatenation, Pack), concatenation_any),
    Kernel("split", "move/split", (Split, SplitV, Unpack), split_any),
)
