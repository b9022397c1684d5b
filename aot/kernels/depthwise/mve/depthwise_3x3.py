"""3x3 depth-wise convolution for cores with MVE: of sixteen channels at a time, words of four pixels of a channel."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph
from aot.kernels.call import MVE, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.vectors import TAPS, VectorOutput, channel_output
from aot.kernels.common.window import Window, window_of
from aot.kernels.depthwise.plane import axes, planes_overlap
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_BORDER = 16  # bytes of the zero point
_WORDS = 2560  # bytes of words, where a row of output, or two of stride 1, need no more
_INT8 = (-128, 127)
_PACKED = "For each channel and row, a word of three weights and a zero"


@dataclass(frozen=True)
class Depthwise3x3Mve(Params):
    """Scratch holds rows of `groups` groups of sixteen words; `chunk` rows of output are made of them at once."""

    weights: Constant
    output: VectorOutput
    window: Window
    batches: int
    out_h: int
    out_w: int
    groups: int
    chunk: int


def depthwise_3x3_mve(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """One filter for each channel, stride 1 or 2 in both directions."""
    x, w, _, y = op.operands(graph)
    fit(w.shape[1:3] == (3, 3), f"the filter is {w.shape[1]}x{w.shape[2]}, not 3x3")
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    fit(op.stride in ((1, 1), (2, 2)), f"the stride is {op.stride}")
    fit(op.dilation == (1, 1), f"the dilation is {op.dilation}")
    weights = constant_int8(x, w).reshape(9, w.shape[3])
    output = channel_output(op.operands(graph), weights.T, op.activation, target)
    stride = op.stride[0]
    batches, out_h, out_w, channels = y.shape
    groups = -(-out_w // 2) if stride == 1 else out_w
    fitting = (_WORDS // (64 * groups) - 3 + stride) // stride
    chunk = min(out_h, max(1, fitting)) if stride == 2 else _even(out_h, fitting)
    rows, columns = axes(op, graph)
    packed = Constant(f"{y.name}_weights", _pack(weights), _PACKED, words=True)
    params = Depthwise3x3Mve(packed, output, window_of(op, x, w), batches, out_h, out_w, groups, chunk)
    clamped = stride == 1 and (output.min, output.max) != _INT8
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {**output.variant, "stride": stride, "clamped": clamped},
        scratch=_BORDER + 64 * (groups * (chunk * stride + 3 - stride) + (-out_w % 4 if stride == 2 else 0)),
        overlaps={0: planes_overlap(rows, columns, batches, chunk)},
        work=_work(batches * channels, batches * -(-channels // TAPS), params, stride),
    )


def _even(out_h: int, fitting: int) -> int:
    """So many rows of output, two by two, so that only the last one can be without another one."""
    return min(out_h + out_h % 2, max(2, fitting // 2 * 2))


def _pack(weights: Array) -> Array:
    """[9, channels] as a word for each row of each channel: three weights and a zero."""
    return np.ascontiguousarray(np.pad(weights.T.reshape(-1, 3, 3), ((0, 0), (0, 0), (0, 1))))


def _work(planes: int, sixteens: int, p: Depthwise3x3Mve, stride: int) -> dict[str, float]:
    chunks = -(-p.out_h // p.chunk)
    rows = -(-p.out_h // 2) if stride == 1 else p.out_h
    fours = rows * (-(-p.out_w // 2) if stride == 1 else -(-p.out_w // 4))
    spread = sixteens * (p.out_h * stride + 3 - stride)
    return {
        f"fours_{stride}": planes * fours,
        f"rows_{stride}": planes * rows,
        "planes": planes * chunks,
        "spread_rows": spread,
        "spread": spread * p.groups,
    }


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("depthwise_3x3_s8_mve", "depthwise/mve/depthwise_3x3_s8_mve", (DepthwiseConv2D,), depthwise_3x3_mve, MVE),
)
