"""SLICE and STRIDED_SLICE: part of a tensor."""

from dataclasses import dataclass
from types import EllipsisType

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.view import View


@dataclass(frozen=True, kw_only=True)
class Slice(View):
    """y = x[begin[0] : begin[0] + size[0], ...]."""

    begin: tuple[int, ...]
    size: tuple[int, ...]

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        rank = len(x.shape)
        fits = len(self.begin) == len(self.size) == rank
        require(fits, f"{len(self.begin)} begins and {len(self.size)} sizes for {rank} dimensions")
        for axis, (first, count, extent) in enumerate(zip(self.begin, self.size, x.shape, strict=True)):
            inside = first >= 0 and count >= 1 and first + count <= extent
            require(inside, f"elements {first} to {first + count} of {extent} along axis {axis} of %{x.name}")
        return self.size

    def view(self, x: Array) -> Array:
        return x[tuple(slice(first, first + count) for first, count in zip(self.begin, self.size, strict=True))]


@dataclass(frozen=True, kw_only=True)
class StridedSlice(View):
    """y = x[begin[0] : end[0] : strides[0], ...] as numpy reads it; bit i of a mask speaks of position i.

    Masks: begin or end is left out; an ellipsis; a new dimension of 1; a single element, whose dimension disappears.
    """

    begin: tuple[int, ...]
    end: tuple[int, ...]
    strides: tuple[int, ...]
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        count, rank = len(self.begin), len(x.shape)
        same = count == len(self.end) == len(self.strides)
        require(same, f"{count} begins, {len(self.end)} ends and {len(self.strides)} strides")
        require(0 not in self.strides, f"a stride of 0 in {self.strides}")
        ellipses = sum(self._has(self.ellipsis_mask, i) for i in range(count))
        require(count <= 2 * _MOST and ellipses <= 1, "more than one ellipsis, or too many parts")
        dims = rank - self._consumed()
        # LiteRT lets an ellipsis stand for one dimension at least, and forgets what then has no place.
        require(dims >= ellipses, f"{count} parts for {rank} dimensions")
        for axis, extent, i in self._single(x.shape):
            position = self._element(i)
            require(-extent <= position < extent, f"element {position} of {extent} along axis {axis} of %{x.name}")
            require(self.strides[i] > 0, f"a stride of {self.strides[i]} for a single element")
        shape = np.broadcast_to(np.int8(0), x.shape)[self._index()].shape
        require(0 not in shape, f"nothing is left of %{x.name}: the slice has shape {list(shape)}")
        return shape

    def view(self, x: Array) -> Array:
        index = self._index()
        # With an ellipsis, numpy gives a view even of a single element, and no copy of it.
        return np.asarray(x[index if Ellipsis in index else (*index, ...)])

    @staticmethod
    def _has(mask: int, i: int) -> bool:
        return bool(mask >> i & 1)

    def _consumed(self) -> int:
        """How many dimensions of x have a part of their own."""
        return sum(not self._has(self.ellipsis_mask | self.new_axis_mask, i) for i in range(len(self.begin)))

    def _axes(self, shape: tuple[int, ...]) -> list[int]:
        """The dimension of x that each part, an ellipsis or new dimension too, begins at."""
        axes, axis = [], 0
        for i in range(len(self.begin)):
            axes.append(axis)
            if self._has(self.ellipsis_mask, i):
                axis += len(shape) - self._consumed()
            elif not self._has(self.new_axis_mask, i):
                axis += 1
        return axes

    def _single(self, shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """(dimension, its extent, part) of the parts that are one element."""
        others = self.ellipsis_mask | self.new_axis_mask
        single = self.shrink_axis_mask & ~others
        return [(a, shape[a], i) for i, a in enumerate(self._axes(shape)) if self._has(single, i)]

    def _index(self) -> tuple[int | slice | EllipsisType | None, ...]:
        """What numpy is asked for."""
        return tuple(self._part(i) for i in range(len(self.begin)))

    def _element(self, i: int) -> int:
        """The position of a single element: the first where begin is left out."""
        return 0 if self._has(self.begin_mask, i) else self.begin[i]

    def _part(self, i: int) -> int | slice | EllipsisType | None:
        if self._has(self.ellipsis_mask, i):
            return ...
        if self._has(self.new_axis_mask, i):
            return None
        if self._has(self.shrink_axis_mask, i):
            return self._element(i)
        first = None if self._has(self.begin_mask, i) else self.begin[i]
        behind = None if self._has(self.end_mask, i) else self.end[i]
        return slice(first, behind, self.strides[i])


_MOST = 6  # dimensions of a tensor
