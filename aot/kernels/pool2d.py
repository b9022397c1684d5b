"""Average and maximum over sliding windows; taps outside the input do not count."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.ops.common import clamp_range
from aot.ops.pool2d import AveragePool2D, MaxPool2D

_CYCLES_PER_TAP = 8.0


@dataclass(frozen=True)
class Pool2DS8(Params):
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
    min: int
    max: int


def pool2d_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Either pool; the kernel's template makes the difference."""
    assert isinstance(op, AveragePool2D | MaxPool2D)
    x, y = op.operands(graph)
    (top, _), (left, _) = op.padding
    params = Pool2DS8(
        *x.shape, *y.shape[1:3], *op.kernel, *op.stride, top, left, *clamp_range(op.activation, y)
    )
    cost = _CYCLES_PER_TAP * y.elements * op.kernel[0] * op.kernel[1]
    return Call(kernel, params, (x.name,), (y.name,), cost=cost)
