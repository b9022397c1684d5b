"""SPACE_TO_DEPTH, SPACE_TO_BATCH_ND: blocks of neighbours become channels or batches. And back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import (
    QUANTIZED_TYPES,
    SHARED_INT8,
    SHARED_RANGE,
    require,
    require_moved,
    require_operands,
    require_quantized,
    require_shape,
)
from aot.ops.operands import SingleInput
from aot.ops.pad import pad_value
from aot.ops.view import Indexed, View, contiguous_strides, positions

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class SpaceToDepth(View):
    """NHWC: each block of `block` x `block` pixels becomes one pixel with all their channels."""

    scheme: ClassVar[Scheme] = SHARED_INT8

    block: int

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        require_image(x, self.block)
        n, h, w, c = x.shape
        fits = h % self.block == w % self.block == 0
        require(fits, f"%{x.name} of {h} x {w} pixels in blocks of {self.block} x {self.block}")
        return n, h // self.block, w // self.block, c * self.block**2

    def view(self, x: Array) -> Array:
        (n, h, w, c), b = x.shape, self.block
        return x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)


@dataclass(frozen=True, kw_only=True)
class DepthToSpace(View):
    """NHWC: each pixel becomes a block of `block` x `block` pixels, which share its channels."""

    scheme: ClassVar[Scheme] = SHARED_INT8

    block: int

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        require_image(x, self.block)
        n, h, w, c = x.shape
        require(c % self.block**2 == 0, f"%{x.name} has {c} channels for blocks of {self.block} x {self.block}")
        return n, h * self.block, w * self.block, c // self.block**2

    def view(self, x: Array) -> Array:
        (n, h, w, c), b = x.shape, self.block
        return x.reshape(n, h, w, b, b, c // b**2).transpose(0, 1, 3, 2, 4, 5)


@dataclass(frozen=True, kw_only=True)
class BatchToSpace(Indexed):
    """Batches become the elements of blocks of `block[d]` along each dimension d behind the first; then cropped."""

    block: tuple[int, ...]
    crops: Pairs

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        require_blocks(x, self.block, self.crops)
        count = math.prod(self.block)
        require(x.shape[0] % count == 0, f"%{x.name} has {x.shape[0]} batches for blocks of {count} elements")
        parts = list(zip(x.shape[1:], self.block, self.crops, strict=False))
        spatial = tuple(extent * b - sum(crop) for extent, b, crop in parts)
        require(min(spatial) >= 1, f"crops {self.crops} leave nothing of %{x.name}")
        return (x.shape[0] // count, *spatial, *x.shape[1 + len(self.block) :])

    def tables(self, graph: Graph) -> tuple[Array, ...]:
        shape = graph[self.inputs[0]].shape
        return _block_tables(shape, self.block, self.crops)


@dataclass(frozen=True, kw_only=True)
class SpaceToBatch(SingleInput):
    """The inverse: padded with zero, then the elements of each block go to batches of their own."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    block: tuple[int, ...]
    pads: Pairs

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require_moved(x, y)
        if y.dtype in QUANTIZED_TYPES:
            require_quantized(y)
        require_blocks(x, self.block, self.pads)
        spatial = []
        for extent, b, pad in zip(x.shape[1:], self.block, self.pads, strict=False):
            padded = extent + sum(pad)
            require(padded % b == 0, f"%{x.name}: {padded} elements, padding included, in blocks of {b}")
            spatial.append(padded // b)
        require_shape(y, (x.shape[0] * math.prod(self.block), *spatial, *x.shape[1 + len(self.block) :]))

    def tables(self, graph: Graph) -> tuple[Array, ...]:
        """For each dimension of x, what it adds to the position in y."""
        _, y = self.operands(graph)
        return _block_tables(y.shape, self.block, self.pads)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        result = np.full(y.elements, pad_value(y), y.dtype)
        result[positions(self.tables(graph))] = values[x.name]
        return (result.reshape(y.shape),)


def _block_tables(shape: tuple[int, ...], block: tuple[int, ...], around: Pairs) -> tuple[Array, ...]:
    """For each dimension of the side with space: positions on the side with batches, whose shape is `shape`.

    That side's first dimension counts (place in the block, batch); `around` is what the space lacks of whole blocks.
    """
    strides = contiguous_strides(shape)
    batches = shape[0] // math.prod(block)
    result = [np.arange(batches) * strides[0]]
    for d, (b, (before, after)) in enumerate(zip(block, around, strict=True), start=1):
        place = np.arange(before, shape[d] * b - after)
        inner = batches * math.prod(block[d:]) * strides[0]  # from one place in the block to the next
        result.append(place // b * strides[d] + place % b * inner)
    result += [np.arange(shape[d]) * strides[d] for d in range(1 + len(block), len(shape))]
    return tuple(table.astype(np.int32) for table in result)


def require_image(x: Tensor, block: int) -> None:
    """Four dimensions, a block that is a size."""
    require(len(x.shape) == 4, f"%{x.name} has {len(x.shape)} dimensions; supported: 4")
    require(1 <= block <= 1 << 15, f"a block of {block}")


def require_blocks(x: Tensor, block: tuple[int, ...], around: Pairs) -> None:
    """A positive block size, and no negative padding or crop, for some dimensions behind the first."""
    rank = len(x.shape)
    require(1 <= len(block) < rank, f"{len(block)} block sizes for {rank} dimensions")
    require(len(around) == len(block), f"{len(block)} block sizes but {len(around)} paddings or crops")
    require(min(block) >= 1 and max(block) <= 1 << 15, f"blocks of {block}")
    sane = all(0 <= n <= 1 << 20 for pair in around for n in pair)
    require(sane, f"paddings or crops {around}")
