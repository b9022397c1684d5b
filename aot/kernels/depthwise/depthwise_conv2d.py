"""Depth-wise convolution, NHWC."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import DSP, AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.order import by_channel, forwards, in_fours, rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import SUFFIXES, Sums, fit_type, itemsize, sums_of
from aot.kernels.common.window import Window, gathering, window_of, window_reads, windows_at_borders
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.plan import Overlap


@dataclass(frozen=True)
class DepthwiseParams(Params):
    """`last_row` and `last_column`: how far the window's last tap lies from its first."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    last_row: int
    last_column: int


@dataclass(frozen=True)
class DepthwiseMultiplierParams(Params):
    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    multiplier: int


def _sums(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Sums:
    x, w, _, _ = op.operands(graph)
    fit_type(kernel, x)
    return sums_of(target, weights_of(w).reshape(-1, w.shape[3]), op.operands(graph), op.activation, taps_first=True)


def _call(
    kernel: AnyKernel,
    op: DepthwiseConv2D,
    graph: Graph,
    params: Params,
    variant: Mapping[str, object],
    overlap: Overlap,
    work: dict[str, float],
    scratch: int,
) -> Call:
    x, _, _, y = op.operands(graph)
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        variant,
        scratch=scratch,
        scratch_type=C_TYPES[x.dtype],
        overlaps={0: overlap},
        work=work | {"outputs": y.elements, "pixels": y.elements // y.shape[3]},
    )


def depthwise_conv2d(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """One filter for each channel; for the DSP extension, int16 in pairs."""
    x, w, _, y = op.operands(graph)
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    sums, window = _sums(kernel, op, graph, target), window_of(op, x, w)
    last = ((w.shape[i] - 1) * op.dilation[i - 1] for i in (1, 2))
    params = DepthwiseParams(sums.weights, sums.bias, sums.output, window, *y.shape[:3], *last)
    overlap = channels_overlap(op, x, w, y, in_fours(x.shape[3]))
    pairs = "dsp" in kernel.features
    fit(not pairs or sums.bias.data.dtype == np.int32, "the sums need more than 32 bits")
    macs, rest, borders = op.macs(graph), x.shape[3] % 4 / x.shape[3], windows_at_borders(op, x, w, y)
    work = {"macs": macs * (1 - rest), "left_over": macs * rest} | gathering(borders, x, w)
    variant = sums.with_window(window.c_name) | {"borders": borders > 0, "pairs": pairs}
    return _call(kernel, op, graph, params, variant, overlap, work, window_bytes(x, w) if borders else 0)


def window_bytes(x: Tensor, w: Tensor) -> int:
    return w.shape[1] * w.shape[2] * x.shape[3] * itemsize(x)


def channels_overlap(op: DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor, bounds: Array) -> Overlap:
    """Channels from one of `bounds` up to the next at a time; a window that crosses the border is read at first."""
    size = x.shape[3]
    reads = window_reads(op, x, w, y)
    parts = by_channel(reads, size, bounds)
    covered = (reads[:, 1] - reads[:, 0]) // size
    inside = covered == ((w.shape[1] - 1) * op.dilation[0] * x.shape[2] + (w.shape[2] - 1) * op.dilation[1] + 1)
    parts[~inside, 1:] = 0
    parts[~inside, 0] = reads[~inside]
    writes = by_channel(rows(len(reads), size), size, bounds)
    return forwards(x, y, parts, writes).overlap


def depthwise_multiplier(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Several filters for each channel."""
    x, w, _, y = op.operands(graph)
    sums, window = _sums(kernel, op, graph, target), window_of(op, x, w)
    batches, out_h, out_w, channels = y.shape
    sizes = batches, out_h, out_w, channels // x.shape[3]
    params = DepthwiseMultiplierParams(sums.weights, sums.bias, sums.output, window, *sizes)
    overlap = forwards(x, y, window_reads(op, x, w, y), rows(batches * out_h * out_w, channels)).overlap
    work = {"macs": float(op.macs(graph))} | gathering(batches * out_h * out_w, x, w)
    variant = sums.with_window(window.c_name)
    return _call(kernel, op, graph, params, variant, overlap, work, window_bytes(x, w))


KERNELS: tuple[AnyKernel, ...] = (
    *(
        kernel
        for suffix in SUFFIXES.values()
        for kernel in (
            Kernel(f"depthwise_conv2d_{suffix}", "depthwise/depthwise_conv2d", (DepthwiseConv2D,), depthwise_conv2d),
            Kernel(f"depthwise_multiplier_{suffix}", "depthwise/depthwise_multiplier", (DepthwiseConv2D,),
                   depthwise_multiplier),
        )
    ),
    Kernel("depthwise_conv2d_s16_dsp", "depthwise/depthwise_conv2d", (DepthwiseConv2D,), depthwise_conv2d, DSP),
)  # fmt: skip
