"""What a depth-wise layer does along the rows and columns of its images; for kernels that take a channel at a time."""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Array, Graph
from aot.kernels.common.layout import Planes
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.plan.overlap import Overlap, overlap_of


@dataclass(frozen=True)
class Axis:
    """`dimension` is 1 or 2 of NHWC; steps lead to the next position, in elements; `pads` are before and after."""

    dimension: int
    size: int
    step: int
    out_size: int
    out_step: int
    kernel: int
    stride: int
    dilation: int
    pads: tuple[int, int]

    @property
    def reach(self) -> int:
        """From the first tap to the one behind the last."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def padded(self) -> int:
        """The elements with those of the border."""
        return self.size + sum(self.pads)


def axes(op: DepthwiseConv2D, graph: Graph) -> tuple[Axis, Axis]:
    """Rows and columns. A stride that is never taken is 1, and so is the dilation of a single tap."""
    x, w, _, y = op.operands(graph)
    steps = (x.shape[2] * x.shape[3], y.shape[2] * y.shape[3]), (x.shape[3], y.shape[3])
    rows, columns = (
        Axis(
            dimension=i,
            size=x.shape[i],
            step=steps[i - 1][0],
            out_size=y.shape[i],
            out_step=steps[i - 1][1],
            kernel=w.shape[i],
            stride=op.stride[i - 1] if y.shape[i] > 1 else 1,
            dilation=op.dilation[i - 1] if w.shape[i] > 1 else 1,
            pads=op.padding[i - 1],
        )
        for i in (1, 2)
    )
    return rows, columns


def planes_overlap(rows: Axis, columns: Axis, batches: int, chunk: int, size: int = 1) -> Overlap:
    """For one filter a channel, and `chunk` rows at a time, all that they need being read before any is written.

    Elements have `size` bytes. Rows may be those of the image or its columns. Planes do not meet at distances that are
    whole pixels.
    """
    read, made = _chunks(rows, chunk)
    channels = min(rows.step, columns.step)
    image, out_image = (channels * pixels for pixels in (rows.size * columns.size, rows.out_size * columns.out_size))
    length, out_length = (columns.size - 1) * columns.step, (columns.out_size - 1) * columns.out_step
    reads = _spans(read, rows.step, length + channels, batches, image)
    writes = _spans(made, rows.out_step, out_length + channels, batches, out_image)
    return replace(overlap_of(reads * size, writes * size), step=channels * size)


def channels_overlap(rows: Axis, columns: Axis, channels: int, chunk: int, planes: Planes) -> Overlap:
    """The same for an image of so many channels of which the input, the output or both lie by planes."""
    read, made = _chunks(rows, chunk)
    reads = _rows_of_channels(read, rows.size, columns.size, channels, planes.x)
    writes = _rows_of_channels(made, rows.out_size, columns.out_size, channels, planes.y)
    return overlap_of(reads, writes)


def _chunks(rows: Axis, chunk: int) -> tuple[Array, Array]:
    """After each chunk: the rows that were read, and those that were written."""
    made = np.minimum(np.arange(0, rows.out_size, chunk) + chunk, rows.out_size)
    return np.clip((made - 1) * rows.stride - rows.pads[0] + rows.reach, 0, rows.size), made


def _rows_of_channels(ends: Array, height: int, width: int, channels: int, planes: bool) -> Array:
    """What the rows up to each of `ends`, from the one before, cover, channel by channel."""
    pixel, channel = (1, height * width) if planes else (channels, 1)
    starts = np.concatenate([[0], ends[:-1]]) * width
    ends = np.maximum(ends * width, starts)
    spans = np.stack([starts * pixel, np.where(starts < ends, (ends - 1) * pixel + 1, starts * pixel)], axis=1)
    return np.concatenate([spans + c * channel for c in range(channels)])


def _spans(ends: Array, step: int, length: int, batches: int, image: int) -> Array:
    """What rows of `length`, `step` apart, cover from each of `ends` to the next; in images of so many elements."""
    starts = np.concatenate([[0], ends[:-1]])
    behind = np.where(starts < ends, (ends - 1) * step + length, starts * step)
    spans = np.stack([starts * step, behind], axis=1)
    return np.concatenate([spans + n * image for n in range(batches)])
