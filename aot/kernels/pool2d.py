"""Average and maximum over sliding windows; taps outside the input do not count."""

from dataclasses import dataclass

import numpy as np

from aot.interface import C_TYPES
from aot.ir import Array, Graph, Op, Tensor
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.order import by_channel, forwards, rows, windows
from aot.kernels.sums import fit_type
from aot.ops.common import clamp_range
from aot.ops.pool2d import AveragePool2D, MaxPool2D, Pool2D
from aot.ops.reals import real_range
from aot.plan import Overlap

_CYCLES_PER_TAP = 8.0
_CYCLES_PER_FOUR_TAPS = 9.0
HALFWORD_TAPS = 256  # so many int8 values fit a sum of 16 bits


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
    limits = real_range(op.activation) if y.dtype == "float32" else clamp_range(op.activation, y)
    params = _params(op, x, y, limits)
    overlaps = {0: _overlap(op, x, y, np.arange(x.shape[3] + 1))}
    variant = {"type": C_TYPES[x.dtype]}
    if isinstance(op, AveragePool2D) and x.dtype == "int8":
        variant["ties"] = _ties(op)
        return Call(kernel, params, (x.name,), (y.name,), variant, overlaps=overlaps, work=_work(op, x, y, 1))
    cost = _CYCLES_PER_TAP * y.elements * op.kernel[0] * op.kernel[1]
    return Call(kernel, params, (x.name,), (y.name,), variant, overlaps=overlaps, cost=cost)


def average_pool2d_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """The mean of int8, four channels in a word."""
    assert isinstance(op, AveragePool2D)
    x, y = op.operands(graph)
    fit_fours(x)
    taps = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    fit(taps <= HALFWORD_TAPS, f"windows have {taps} elements, more than {HALFWORD_TAPS}")
    return Call(
        kernel,
        _params(op, x, y, clamp_range(op.activation, y)),
        (x.name,),
        (y.name,),
        {"ties": _ties(op)},
        overlaps={0: _overlap(op, x, y, np.arange(0, x.shape[3] + 1, 4))},
        work=_work(op, x, y, 4),
    )


def _ties(op: AveragePool2D) -> str:
    return "upwards" if op.ties_upwards else "away from zero"


def _work(op: Pool2D, x: Tensor, y: Tensor, together: int) -> dict[str, float]:
    """For so many channels together."""
    taps = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    rows = y.elements // together * min(op.kernel[0], x.shape[1])
    return {
        "taps": y.elements // together * taps,
        "rows": rows,
        "outputs": y.elements,
        "pixels": y.elements // y.shape[3],
    }


def fit_fours(x: Tensor) -> None:
    """Raise DoesNotFit unless `x` is int8 and its last dimension whole words."""
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    fit(x.shape[-1] % 4 == 0, f"%{x.name} has {x.shape[-1]} channels, no multiple of 4")


def max_pool2d_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """The maximum of int8, four channels in a word."""
    assert isinstance(op, MaxPool2D)
    x, y = op.operands(graph)
    fit_fours(x)
    limits = clamp_range(op.activation, y)
    return Call(
        kernel,
        _params(op, x, y, limits),
        (x.name,),
        (y.name,),
        {"limited": limits[1] < 127},
        overlaps={0: _overlap(op, x, y, np.arange(0, x.shape[3] + 1, 4))},
        cost=_CYCLES_PER_FOUR_TAPS * op.kernel[0] * op.kernel[1] * y.elements / 4,
    )


def _params(op: Pool2D, x: Tensor, y: Tensor, limits: tuple[float, float]) -> Pool2DParams:
    batches, in_h, in_w, channels = x.shape
    return Pool2DParams(
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
        min=limits[0],
        max=limits[1],
    )


def _overlap(op: Pool2D, x: Tensor, y: Tensor, bounds: Array) -> Overlap:
    """Channels from one of `bounds` to the next, of each pixel, are read and written before the next ones."""
    size = x.shape[3]
    reads = windows(x, y, op.kernel, op.stride, (op.padding[0][0], op.padding[1][0]))
    return forwards(x, y, by_channel(reads, size, bounds), by_channel(rows(len(reads), size), size, bounds)).overlap
