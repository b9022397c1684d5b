"""Nested loops over strided arrays, with neighbouring dimensions merged wherever all strides allow it."""

import math
from dataclasses import dataclass

from aot.graph.ir import Tensor
from aot.kernels.call import Params
from aot.ops.view import contiguous_strides as contiguous_strides  # kernels take it from here


def broadcast_strides(tensor: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides that read `tensor` as if it had `shape`: 0 along the dimensions it is repeated."""
    padded = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    strides = contiguous_strides(padded)
    return tuple(0 if size == 1 else stride for size, stride in zip(padded, strides, strict=True))


def merge(sizes: tuple[int, ...], *strides: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Sizes and strides of the fewest loops that visit the same elements in the same order; at least one loop."""
    loops: list[list[int]] = []  # [size, stride, stride, ...], outermost first
    for size, *steps in zip(sizes, *strides, strict=True):
        if size == 1:
            continue
        if loops and all(outer == step * size for outer, step in zip(loops[-1][1:], steps, strict=True)):
            loops[-1] = [loops[-1][0] * size, *steps]
        else:
            loops.append([size, *steps])
    return tuple(zip(*(loops or [[1] * (1 + len(strides))]), strict=True))


@dataclass(frozen=True)
class AlongAxis(Params):
    outer: int
    extent: int
    inner: int


def along(shape: tuple[int, ...], axis: int) -> AlongAxis:
    return AlongAxis(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
