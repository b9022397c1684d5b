"""MIRROR_PAD: padding with the neighbours, in the order of a mirror."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.common import require
from aot.ops.view import Indexed, contiguous_strides


@dataclass(frozen=True, kw_only=True)
class MirrorPad(Indexed):
    """(before, after) elements along each dimension; `symmetric` repeats the outermost one, otherwise it does not."""

    pads: tuple[tuple[int, int], ...]
    symmetric: bool

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        rank = len(x.shape)
        require(len(self.pads) == rank, f"{len(self.pads)} paddings for {rank} dimensions")
        for axis, (extent, pair) in enumerate(zip(x.shape, self.pads, strict=True)):
            most = extent if self.symmetric else extent - 1
            require(min(pair) >= 0 and max(pair) <= most, f"padding {pair} along axis {axis}; supported: 0 to {most}")
        return tuple(extent + sum(pair) for extent, pair in zip(x.shape, self.pads, strict=True))

    def tables(self, graph: Graph) -> tuple[Array, ...]:
        shape = graph[self.inputs[0]].shape
        parts = zip(shape, contiguous_strides(shape), self.pads, strict=True)
        return tuple(self._mirrored(np.arange(extent) * stride, pair) for extent, stride, pair in parts)

    def _mirrored(self, table: Array, pair: tuple[int, int]) -> Array:
        return np.pad(table, pair, mode="symmetric" if self.symmetric else "reflect").astype(np.int32)
