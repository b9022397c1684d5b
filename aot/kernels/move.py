"""Operators that only move elements: padding, concatenation, transposition. Any type."""

from dataclasses import dataclass

import numpy as np

from aot.interface import C_TYPES
from aot.ir import Graph, Op, Tensor
from aot.kernels.call import Call, Kernel, Params, Target
from aot.kernels.loops import contiguous_strides, merge
from aot.ops.concatenation import Concatenation
from aot.ops.pad import Pad, pad_value
from aot.ops.transpose import Transpose

_CYCLES_PER_ELEMENT = 6.0


@dataclass(frozen=True)
class PadAny(Params):
    """`before` and `after` count the elements of all inner dimensions too."""

    size: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True)
class ConcatenationAny(Params):
    """Each input's bytes between one element along the axis before it and the next."""

    outer: int
    bytes: tuple[int, ...]


@dataclass(frozen=True)
class TransposeAny(Params):
    size: tuple[int, ...]
    in_stride: tuple[int, ...]


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


def _type(tensor: Tensor) -> str:
    return C_TYPES[tensor.dtype]


def pad_any(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Padding with the value that stands for zero."""
    assert isinstance(op, Pad)
    x, y = op.operands(graph)
    params = _pad_loops(x.shape, op.pads)
    variant = {"rank": len(params.size), "type": _type(y), "value": pad_value(y)}
    return Call(kernel, params, (x.name,), (y.name,), variant, cost=_CYCLES_PER_ELEMENT * y.elements)


def concatenation_any(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Concatenation along any axis."""
    assert isinstance(op, Concatenation)
    xs, y = op.operands(graph)
    outer = int(np.prod(y.shape[: op.axis], dtype=np.int64))
    params = ConcatenationAny(outer, tuple(x.bytes // outer for x in xs))
    variant = {"inputs": len(xs), "type": _type(y)}
    inputs = tuple(x.name for x in xs)
    return Call(kernel, params, inputs, (y.name,), variant, cost=_CYCLES_PER_ELEMENT * y.bytes / 4)


def transpose_any(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Transposition by strided reads."""
    assert isinstance(op, Transpose)
    x, y = op.operands(graph)
    strides = contiguous_strides(x.shape)
    params = TransposeAny(*merge(y.shape, tuple(strides[i] for i in op.permutation)))
    variant = {"rank": len(params.size), "type": _type(y)}
    return Call(kernel, params, (x.name,), (y.name,), variant, cost=_CYCLES_PER_ELEMENT * y.elements)
