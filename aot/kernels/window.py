"""The sliding window that convolutions gather: parameters of the prelude's `gather_*`."""

from dataclasses import dataclass
from typing import ClassVar

from aot.ir import Array, Tensor
from aot.kernels.call import Params
from aot.kernels.order import windows
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


def window_reads(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor) -> Array:
    """The elements of `x` that each pixel of `y` needs, as steps: see aot.kernels.order."""
    pad = op.padding[0][0], op.padding[1][0]
    return windows(x, y, (w.shape[1], w.shape[2]), op.stride, pad, op.dilation)
