"""Average and maximum over sliding windows; taps outside the input do not count."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.order import by_channel, forwards, rows, windows
from aot.kernels.common.sums import SUFFIXES, fit_type
from aot.ops.codes import has_codes
from aot.ops.common import clamp_range
from aot.ops.mean import mean_scale_float
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D, Pool2D
from aot.ops.reals import real_range
from aot.plan import Overlap


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
    dilation_h: int | None
    dilation_w: int | None
    min: int | float
    max: int | float


@dataclass(frozen=True)
class PoolOfCodes(Pool2DParams):
    """Of the whole image, `x_scale` is that of sums, in steps of the output. Codes of uint8 are int8's plus `less`."""

    x_scale: float
    x_zero: int
    y_scale: float | None
    y_zero: int | float
    less: int | None


def pool2d(kernel: AnyKernel, op: Pool2D, graph: Graph, target: Target) -> Call:
    """Every pool; the kernel's template makes the difference."""
    x, y = op.operands(graph)
    fit_type(kernel, x)
    real = y.dtype == "float32"
    limits = real_range(op.activation) if real else clamp_range(op.activation, y, target.rounding)
    params = params_of(op, x, y, limits)
    overlaps = {0: overlap_in(op, x, y, np.arange(x.shape[3] + 1))}
    variant = {"type": C_TYPES[x.dtype], "dilated": is_dilated(op)}
    if isinstance(op, AveragePool2D):
        fit(real or not op.of_reals(x, y, target.rounding), "the mean is that of reals")
        variant |= {"ties": ties_of(op)} if x.dtype == "int8" else {}
    return Call(kernel, op, params, (x.name,), (y.name,), variant, overlaps=overlaps, work=work_of(op, x, y, 1))


def is_dilated(op: Pool2D) -> bool:
    return op.dilation != (1, 1)


def average_of_codes(kernel: AnyKernel, op: AveragePool2D, graph: Graph, target: Target) -> Call:
    """The mean of the reals that codes stand for. The zero point is added before the mean is rounded to a code."""
    x, y = op.operands(graph)
    fit(has_codes(y), f"%{y.name} is {y.dtype}")
    fit(op.of_reals(x, y, target.rounding), f"the rounding is {target.rounding}")
    whole, less = op.over_all(x), op.code_shift
    limits = clamp_range(op.activation, y, target.rounding)
    scales = (float(mean_scale_float(x, y, op.kernel[0] * op.kernel[1])), None) if whole else (x.scale, y.scale)
    params = PoolOfCodes(
        **vars(params_of(op, x, y, limits)),
        x_scale=scales[0],
        x_zero=x.zero_point,
        y_scale=scales[1],
        y_zero=y.zero_point if whole else float(y.zero_point + less),
        less=less or None,
    )
    overlaps = {0: overlap_in(op, x, y, np.arange(x.shape[3] + 1))}
    variant = {"type": C_TYPES[x.dtype], "dilated": is_dilated(op), "whole": whole, "less": bool(less)}
    return Call(kernel, op, params, (x.name,), (y.name,), variant, overlaps=overlaps, work=work_of(op, x, y, 1))


def ties_of(op: AveragePool2D) -> str:
    return "upwards" if op.ties_upwards else "away from zero"


def work_of(op: Pool2D, x: Tensor, y: Tensor, together: int) -> dict[str, float]:
    """For so many channels together."""
    taps = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    rows = y.elements // together * min(op.kernel[0], x.shape[1])
    return {
        "taps": y.elements // together * taps,
        "rows": rows,
        "outputs": y.elements,
        "pixels": y.elements // y.shape[3],
    }


def params_of(op: Pool2D, x: Tensor, y: Tensor, limits: tuple[float, float]) -> Pool2DParams:
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
        dilation_h=op.dilation[0] if is_dilated(op) else None,
        dilation_w=op.dilation[1] if is_dilated(op) else None,
        min=limits[0],
        max=limits[1],
    )


def overlap_in(op: Pool2D, x: Tensor, y: Tensor, bounds: Array) -> Overlap:
    """Channels from one of `bounds` to the next, of each pixel, are read and written before the next ones."""
    size = x.shape[3]
    reads = windows(x, y, op.span, op.stride, (op.padding[0][0], op.padding[1][0]))
    return forwards(x, y, by_channel(reads, size, bounds), by_channel(rows(len(reads), size), size, bounds)).overlap


KERNELS: tuple[AnyKernel, ...] = (
    *(
        Kernel(f"{name}_{suffix}", f"pool/{name}_{suffix}", (op,), pool2d)
        for name, op in (("average_pool2d", AveragePool2D), ("max_pool2d", MaxPool2D))
        for suffix in SUFFIXES.values()
    ),
    Kernel("average_pool2d_codes", "pool/average_pool2d_codes", (AveragePool2D,), average_of_codes),
    Kernel("l2_pool2d_f32", "pool/l2_pool2d_f32", (L2Pool2D,), pool2d),
)
