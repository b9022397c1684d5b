"""Average and maximum over sliding windows; taps outside the input do not count."""

from dataclasses import dataclass

from aot.interface import C_TYPES
from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.kernels.sums import fit_type
from aot.ops.common import clamp_range
from aot.ops.pool2d import AveragePool2D, Pool2D
from aot.ops.reals import real_range

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
    return Call(kernel, params, (x.name,), (y.name,), variant, cost=cost)
