"""TILE, BROADCAST_TO and REVERSE_V2: elements several times, or from the end."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.view import View


@dataclass(frozen=True, kw_only=True)
class Tile(View):
    """y = x, multiples[d] times one after the other along each dimension d."""

    multiples: tuple[int, ...]

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        rank = len(x.shape)
        require(len(self.multiples) == rank, f"{len(self.multiples)} multiples for {rank} dimensions")
        require(min(self.multiples, default=1) >= 1, f"multiples {self.multiples}; each must be positive")
        return tuple(extent * times for extent, times in zip(x.shape, self.multiples, strict=True))

    def view(self, x: Array) -> Array:
        pairs = list(zip(self.multiples, x.shape, strict=True))
        single = x.reshape([n for _, extent in pairs for n in (1, extent)])
        return np.broadcast_to(single, [n for pair in pairs for n in pair])


@dataclass(frozen=True, kw_only=True)
class BroadcastTo(View):
    """y = x, repeated along the dimensions that `shape` adds or where x has but one element."""

    shape: tuple[int, ...]

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        rank = len(x.shape)
        tail = self.shape[len(self.shape) - rank :] if rank <= len(self.shape) else ()
        fits = len(tail) == rank and all(extent in (1, wanted) for extent, wanted in zip(x.shape, tail, strict=True))
        require(fits and min(self.shape, default=1) >= 1, f"%{x.name} does not broadcast to {list(self.shape)}")
        return self.shape

    def view(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)


@dataclass(frozen=True, kw_only=True)
class Reverse(View):
    """y = x with the order turned around along `axes`."""

    axes: tuple[int, ...]

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        rank = len(x.shape)
        inside = all(0 <= a < rank for a in self.axes) and len(set(self.axes)) == len(self.axes)
        require(inside, f"axes {self.axes} of {rank} dimensions")
        return x.shape

    def view(self, x: Array) -> Array:
        return np.flip(x, self.axes)
