"""The order in which kernels read and write, step by step, and which way round lets output and input share most memory.

Steps are arrays [steps, 2]: the first element that a step touches, and the one behind the last.
"""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Array, Tensor
from aot.plan.overlap import Overlap, most_shared, overlap_of


@dataclass(frozen=True)
class Walk:
    """A kernel takes its `count` steps forwards, or `backwards`: the same steps, the last one first."""

    overlap: Overlap
    count: int
    backwards: bool = False

    def start(self, width: int = 1) -> int:
        """Where it begins, if each step is `width` further."""
        return (self.count - 1) * width if self.backwards else 0

    def step(self, width: int = 1) -> int:
        """How far it goes on."""
        return -width if self.backwards else width


def forwards(x: Tensor, y: Tensor, reads: Array, writes: Array) -> Walk:
    """For elements of `x` and `y`, as [steps, 2], or [steps, parts, 2] where steps have parts."""
    reads, writes = np.broadcast_arrays(reads, writes)
    return Walk(overlap_of(*(a.reshape(-1, 2) * _itemsize(t) for a, t in ((reads, x), (writes, y)))), len(reads))


def best_way(x: Tensor, y: Tensor, reads: Array, writes: Array) -> Walk:
    """Forwards, or backwards where that lets `x` and `y` share more; parts of a step are always taken forwards."""
    there = forwards(x, y, reads, writes)
    back = replace(forwards(x, y, reads[::-1], writes[::-1]), backwards=True)
    shared = [most_shared(x.bytes, y.bytes, walk.overlap, 4) for walk in (there, back)]
    return there if shared[0] >= shared[1] else back


def picked(x: Tensor, y: Tensor, positions: Array, run: int = 1) -> Overlap:
    """For a kernel that writes the elements of `y` in order, `run` at once, each from one of `x`; -1 stands for none.

    A run lies together in `x`, too.
    """
    first = positions.reshape(-1)[::run]
    reads = np.stack([first, np.where(first < 0, first, first + run)], axis=1)
    return forwards(x, y, reads, rows(len(first), run)).overlap


def rows(count: int, size: int) -> Array:
    """One row of `size` elements after the other."""
    starts = np.arange(count) * size
    return np.stack([starts, starts + size], axis=1)


def grouped(steps: Array, size: int) -> Array:
    """Each `size` steps as one."""
    starts = np.arange(0, len(steps), size)
    touched = steps[:, 0] < steps[:, 1]
    first = np.where(touched, steps[:, 0], np.iinfo(np.int64).max)
    last = np.where(touched, steps[:, 1], 0)
    low, high = np.minimum.reduceat(first, starts), np.maximum.reduceat(last, starts)
    return np.stack([np.minimum(low, high), high], axis=1)


def by_channel(steps: Array, size: int, bounds: Array) -> Array:
    """Parts of each step, which is of whole pixels of `size` channels: those from one of `bounds` up to the next."""
    low = steps[:, :1] + bounds[:-1]
    high = np.where(steps[:, :1] < steps[:, 1:], steps[:, 1:] - size + bounds[1:], low)
    return np.stack([low, high], axis=-1)


def by_planes(count: int, planes: int, size: int) -> Array:
    """`size` pixels after the other, `count` in all, in every one of the `planes`."""
    starts = np.arange(0, count, size)
    return np.stack([starts, (planes - 1) * count + np.minimum(starts + size, count)], axis=1)


def in_fours(size: int) -> Array:
    """The bounds of groups of four channels, and of those that are left, one by one."""
    return np.unique(np.concatenate([np.arange(0, size, 4), np.arange(size // 4 * 4, size + 1)]))


def windows(
    x: Tensor, y: Tensor, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Array:  # fmt: skip
    """What the window of each pixel of NHWC `y` covers of `x`; `pad` is ahead of the first row and column."""
    batches, in_h, in_w, size = x.shape
    top, bottom = _taps(y.shape[1], in_h, kernel[0], stride[0], pad[0], dilation[0])
    left, right = _taps(y.shape[2], in_w, kernel[1], stride[1], pad[1], dilation[1])
    first = top[:, None] * in_w + left
    last = np.where((top < bottom)[:, None] & (left < right), (bottom[:, None] - 1) * in_w + right, first)
    image = np.stack([first, last], axis=-1).reshape(-1, 2) * size
    return np.concatenate([image + n * in_h * in_w * size for n in range(batches)])


def _taps(count: int, extent: int, kernel: int, stride: int, pad: int, dilation: int) -> tuple[Array, Array]:
    """For each position of a window along one dimension, its first tap inside, and what is behind its last one."""
    taps = np.arange(count)[:, None] * stride - pad + np.arange(kernel) * dilation
    inside = (taps >= 0) & (taps < extent)
    first = np.where(inside, taps, extent).min(axis=1)
    return first, np.where(inside, taps + 1, first[:, None]).max(axis=1)


def _itemsize(tensor: Tensor) -> int:
    return np.dtype(tensor.dtype).itemsize
