"""Average and maximum over sliding windows; taps outside the input do not count."""

from dataclasses import dataclass

import numpy as np

from aot.interface import C_TYPES
from aot.ir import Graph, Op, Tensor
from aot.kernels.call import Call, Kernel, Params, Target
from aot.kernels.order import by_channel, forwards, rows, windows
from aot.kernels.sums import fit_type
from aot.ops.common import clamp_range
from aot.ops.pool2d import AveragePool2D, Pool2D
from aot.ops.reals import real_range
from aot.plan import Overlap

_CYCLES_PER_TAP = 8.0


@dataclass(frozen=True)
class Pool2DParams(Params):
    batches: int
    in_h: int
    in_w: int
    channels: int
    out_h: int
    out_w: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_top: int
    pad_left: int
    min: int | float
    max: int | float


def pool2d(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any pool; the kernel's template makes the difference."""
    assert isinstance(op, Pool2D)
    x, y = op.operands(graph)
    fit_type(kernel, x)
    batches, in_h, in_w, channels = x.shape
    low, high = real_range(op.activation) if y.dtype == "float32" else clamp_range(op.activation, y)
    params = Pool2DParams(
        batches=batches,
        in_h=in_h,
        in_w=in_w,
        channels=channels,
        out_h=y.shape[1],
        out_w=y.shape[2],
        kernel_h=op.kernel[0],
        kernel_w=op.kernel[1],
        stride_h=op.stride[0],
        stride_w=op.stride[1],
        pad_top=op.padding[0][0],
        pad_left=op.padding[1][0],
        min=low,
        max=high,
    )
    cost = _CYCLES_PER_TAP * y.elements * op.kernel[0] * op.kernel[1]
    variant = {"type": C_TYPES[x.dtype]}
    if isinstance(op, AveragePool2D) and x.dtype == "int8":
        variant["ties"] = "upwards" if op.ties_upwards else "away from zero"
    return Call(kernel, params, (x.name,), (y.name,), variant, overlaps={0: _one_by_one(op, x, y)}, cost=cost)


def _one_by_one(op: Pool2D, x: Tensor, y: Tensor) -> Overlap:
    """Each channel of each pixel is read and written before the next one."""
    size = x.shape[3]
    reads = windows(x, y, op.kernel, op.stride, (op.padding[0][0], op.padding[1][0]))
    bounds = np.arange(size + 1)
    return forwards(x, y, by_channel(reads, size, bounds), by_channel(rows(len(reads), size), size, bounds)).overlap
