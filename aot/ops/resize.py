"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: images of another height and width."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import SHARED_RANGE, require, require_moved, require_operands, require_shape, require_types
from aot.ops.operands import SingleInput
from aot.ops.view import Indexed, contiguous_strides

Axis = tuple[
    Array, Array, Array
]  # for each place of the output: the neighbours before and behind it, and how far between
_UNIT = 1 << 10  # what integers count positions in
_LARGEST = 1 << 15  # of a height or width


@dataclass(frozen=True, kw_only=True)
class ResizeNearest(Indexed):
    """NHWC: each pixel of y is the nearest one of x."""

    size: tuple[int, int]
    align_corners: bool = False
    half_pixel_centers: bool = False

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        return _resized(x, self.size)

    def tables(self, graph: Graph) -> tuple[Array, ...]:
        shape = graph[self.inputs[0]].shape
        batch, down, right, channel = contiguous_strides(shape)
        rows, columns = (self._nearest(shape[1 + i], self.size[i]) for i in (0, 1))
        tables = np.arange(shape[0]) * batch, rows * down, columns * right, np.arange(shape[3]) * channel
        return tuple(table.astype(np.int32) for table in tables)

    def _nearest(self, before: int, after: int) -> Array:
        """The nearest of `before` places to each of `after`, in float32 as LiteRT finds it."""
        aligned = self.align_corners and after > 1
        scale = np.float32(before - 1) / np.float32(after - 1) if aligned else np.float32(before) / np.float32(after)
        place = (np.arange(after, dtype=np.float32) + np.float32(0.5 * self.half_pixel_centers)) * scale
        rounded = np.floor(place.astype(np.float64) + 0.5) if self.align_corners else np.floor(place)
        return np.clip(rounded, 0, before - 1).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class ResizeBilinear(SingleInput):
    """NHWC: each pixel of y lies between four of x; int8 and int16 measure in 1/1024 of a pixel, others in float32.

    `steps` are the pixels of x from one of y to the next, down and across, where that is not the ratio of the sizes;
    what lies outside is then moved to the border.
    """

    scheme: ClassVar[Scheme] = SHARED_RANGE

    size: tuple[int, int]
    align_corners: bool = False
    half_pixel_centers: bool = False
    steps: tuple[float, ...] = ()

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("float32",) * 2, ("int8",) * 2, ("int16",) * 2, ("uint8",) * 2)
        x, y = self.operands(graph)
        require_moved(x, y)
        require_shape(y, _resized(x, self.size))
        require(not (self.align_corners and self.half_pixel_centers), "aligned corners and half pixel centres at once")
        given = not self.steps or (len(self.steps) == 2 and not self.align_corners)
        require(given and all(0 < step <= _LARGEST for step in self.steps), f"steps {self.steps}")
        for extent, (low, _, _) in zip(x.shape[1:3], self.axes(x), strict=True):
            # Where the rounding of 1/1024 adds up, LiteRT reads beyond the last pixel.
            require(int(low.max()) < extent, f"%{x.name} of {extent} pixels is resized to {len(low)}: too many")

    def axes(self, x: Tensor) -> tuple[Axis, Axis]:
        """Rows and columns."""
        between = self._between_float if in_float(x) else self._between_integer
        rows, columns = (between(x.shape[1 + i], self.size[i], (*self.steps, 0, 0)[i]) for i in (0, 1))
        return rows, columns

    def _between_integer(self, before: int, after: int, step: float) -> Axis:
        pixels, places = (before - 1, after - 1) if self.align_corners and after > 1 else (before, after)
        scale = round(_UNIT * step) if step else (_UNIT * pixels + places // 2) // places
        at = np.arange(after, dtype=np.int64) * scale
        if self.half_pixel_centers:
            at += scale // 2 - _UNIT // 2
        at = np.clip(at, 0, (before - 1) * _UNIT) if step else at
        low = np.maximum(at // _UNIT, 0)
        return low, np.minimum((at + _UNIT - 1) // _UNIT, before - 1), at - _UNIT * low

    def _between_float(self, before: int, after: int, step: float) -> Axis:
        aligned = self.align_corners and after > 1
        scale = np.float32(before - 1) / np.float32(after - 1) if aligned else np.float32(before) / np.float32(after)
        scale = np.float32(step) if step else scale
        at = np.arange(after, dtype=np.float32)
        half = np.float32(0.5)
        at = (at + half) * scale - half if self.half_pixel_centers else at * scale
        at = np.clip(at, np.float32(0), np.float32(before - 1)) if step else at
        low = np.maximum(np.floor(at).astype(np.int64), 0)
        high = np.minimum(np.ceil(at).astype(np.int64), before - 1)
        return low, high, at - low.astype(np.float32)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        (top, bottom, down), (left, right, across) = self.axes(x)
        wide: Array = values[x.name].astype(np.float32 if in_float(x) else np.int64)
        one = np.array(1, np.float32) if in_float(x) else np.array(_UNIT)
        down, across = down[:, None, None], across[:, None]
        parts = (
            wide[:, top][:, :, left] * (one - down) * (one - across),
            wide[:, bottom][:, :, left] * down * (one - across),
            wide[:, top][:, :, right] * (one - down) * across,
            wide[:, bottom][:, :, right] * down * across,
        )
        total = sum(parts, np.zeros((), wide.dtype))  # from 0, as LiteRT: of negative zeros alone the sum is positive
        if x.dtype == "uint8":
            total = total + np.float32(0.5)
        elif x.dtype != "float32":
            half = _UNIT * _UNIT // 2
            total = np.where(total > 0, (total + half) // _UNIT**2, -((half - total) // _UNIT**2))
        return (total.astype(y.dtype),)


def in_float(x: Tensor) -> bool:
    """Whether `x` is interpolated in float32: TensorFlow Lite does so with uint8, too."""
    return x.dtype in ("float32", "uint8")


def _resized(x: Tensor, size: tuple[int, int]) -> tuple[int, ...]:
    """The shape of NHWC `x` with another height and width."""
    require(len(x.shape) == 4, f"%{x.name} has {len(x.shape)} dimensions; supported: 4")
    sane = len(size) == 2 and min(size) >= 1 and max(*size, *x.shape[1:3]) <= _LARGEST
    require(sane, f"%{x.name} of {x.shape[1]} x {x.shape[2]} pixels resized to {size}")
    return x.shape[0], *size, x.shape[3]
