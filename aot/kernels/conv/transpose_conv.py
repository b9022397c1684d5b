"""Transposed convolution: each output gathers the inputs that reach it."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, weights_of
from aot.kernels.common.order import forwards, rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import SUFFIXES, fit_type, sums_of
from aot.ops.transpose_conv import TransposeConv
from aot.plan import Overlap


@dataclass(frozen=True)
class TransposeConvParams(Params):
    """`zero` is the input's zero point: which inputs reach an output differs, so no bias can account for it.

    Of groups of channels, each has `group_c` of the input's and `group_out` of the output's.
    """

    weights: Constant
    bias: Constant
    output: Output
    batches: int
    in_h: int
    in_w: int
    in_c: int
    out_h: int
    out_w: int
    out_c: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_top: int
    pad_left: int
    zero: int
    group_c: int | None
    group_out: int | None


def transpose_conv(kernel: AnyKernel, op: TransposeConv, graph: Graph, target: Target) -> Call:
    """Every stride, padding and size of the output."""
    x, w, _, y = op.operands(graph)
    fit_type(kernel, x)
    sums = sums_of(target, weights_of(w).reshape(w.shape[0], -1), op.operands(graph), op.activation, fold_zero=False)
    batches, in_h, in_w, in_c = x.shape
    grouped = w.shape[3] < in_c
    params = TransposeConvParams(
        sums.weights,
        sums.bias,
        sums.output,
        batches=batches,
        in_h=in_h,
        in_w=in_w,
        in_c=in_c,
        out_h=y.shape[1],
        out_w=y.shape[2],
        out_c=y.shape[3],
        kernel_h=w.shape[1],
        kernel_w=w.shape[2],
        stride_h=op.stride[0],
        stride_w=op.stride[1],
        pad_top=op.padding[0][0],
        pad_left=op.padding[1][0],
        zero=x.zero_point if x.dtype == "int8" else 0,
        group_c=w.shape[3] if grouped else None,
        group_out=w.shape[0] * w.shape[3] // in_c if grouped else None,
    )
    work = {"macs": op.macs(graph), "outputs": y.elements}
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        sums.variant | {"grouped": grouped},
        overlaps={0: _gathered(params, x, y)},
        work=work,
    )


def _gathered(p: TransposeConvParams, x: Tensor, y: Tensor) -> Overlap:
    """Each channel of each pixel is written when all inputs that reach the pixel are read."""
    top, bottom = _reaching(np.arange(p.out_h) + p.pad_top, p.kernel_h, p.stride_h, p.in_h)
    left, right = _reaching(np.arange(p.out_w) + p.pad_left, p.kernel_w, p.stride_w, p.in_w)
    first = top[:, None] * p.in_w + left
    last = np.where((top < bottom)[:, None] & (left < right), (bottom[:, None] - 1) * p.in_w + right, first)
    image = np.repeat(np.stack([first, last], axis=-1).reshape(-1, 2), p.out_c, axis=0)
    reads = (image + np.arange(p.batches)[:, None, None] * (p.in_h * p.in_w)).reshape(-1, 2) * p.in_c
    return forwards(x, y, reads, rows(len(reads), 1)).overlap


def _reaching(at: Array, kernel: int, stride: int, extent: int) -> tuple[Array, Array]:
    """Along one dimension, the first input that reaches each position, and what is behind the last."""
    return np.where(at < kernel, 0, (at - kernel) // stride + 1), np.clip(at // stride + 1, 0, extent)


KERNELS: tuple[AnyKernel, ...] = tuple(
    Kernel(f"transpose_conv_{suffix}", "conv/transpose_conv", (TransposeConv,), transpose_conv)
    for suffix in SUFFIXES.values()
)
