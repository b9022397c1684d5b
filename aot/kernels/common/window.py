"""The sliding window that convolutions gather: parameters of the prelude's `gather_*`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.ir import Array, Tensor
from aot.kernels.call import Params
from aot.kernels.common.order import windows
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D


@dataclass(frozen=True)
class Window(Params):
    """Where a sliding window reads; sizes are in elements."""

    c_name: ClassVar[str] = "window"

    in_h: int
    in_w: int
    channels: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class WindowS8(Window):
    """`zero` stands for the taps outside the input."""

    c_name: ClassVar[str] = "window_s8"

    zero: int


def window_of(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor) -> Window:
    """The window of a convolution of NHWC `x`; the kernel's height and width are dimensions 1 and 2 of `w`."""
    _, in_h, in_w, channels = x.shape
    sizes = {
        "in_h": in_h,
        "in_w": in_w,
        "channels": channels,
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "dilation_h": op.dilation[0] if w.shape[1] > 1 else 1,  # of no meaning there, and it may be huge
        "dilation_w": op.dilation[1] if w.shape[2] > 1 else 1,
        "pad_top": op.padding[0][0],
        "pad_left": op.padding[1][0],
    }
    return WindowS8(**sizes, zero=x.zero_point) if x.dtype == "int8" else Window(**sizes)


def gathering(windows: int, x: Tensor, w: Tensor) -> dict[str, float]:
    """The work of gathering so many windows."""
    rows = windows * w.shape[1]
    return {"rows": rows, "taps": rows * w.shape[2] * x.shape[3]}


def windows_at_borders(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor) -> int:
    """How many windows are not inside the input as a whole."""
    inside = 1
    for axis in (0, 1):
        first = np.arange(y.shape[axis + 1]) * op.stride[axis] - op.padding[axis][0]
        last = first + (w.shape[axis + 1] - 1) * op.dilation[axis]
        inside *= int(((first >= 0) & (last < x.shape[axis + 1])).sum())
    return y.shape[0] * (y.shape[1] * y.shape[2] - inside)


def window_reads(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor) -> Array:
    """The elements of `x` that each pixel of `y` needs, as steps: see aot.kernels.common.order."""
    pad = op.padding[0][0], op.padding[1][0]
    return windows(x, y, (w.shape[1], w.shape[2]), op.stride, pad, op.dilation)
