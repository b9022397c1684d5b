"""Depth-wise convolution for cores with the DSP extension: plane by plane."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import DSP, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.accumulators import bias_note
from aot.kernels.common.layout import Planes, planes_of
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.window import Window, window_of
from aot.kernels.depthwise.plane import axes, channels_overlap, planes_overlap
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.plan import Overlap

_LARGEST_PLANE = 690  # bytes; of larger ones only some rows are kept
_ROWS = 512  # bytes of rows, where two rows of output need no more

_PACKED = "For each channel and row, a word of three weights and a zero"


@dataclass(frozen=True)
class Depthwise3x3Dsp(Params):
    """Scratch holds `height` rows of `width`, padding included; `chunk` rows of output are made of them at once."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    height: int
    width: int
    chunk: int | None


def depthwise_3x3_dsp(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """3x3, one filter for each channel, stride 1 or 2 in both directions; a whole channel at once."""
    x, _ = _fitting(op, graph)
    height, width = (extent + sum(pads) for extent, pads in zip(x.shape[1:3], op.padding, strict=True))
    fit(height * width <= _LARGEST_PLANE, f"a channel has {height}x{width} elements")
    return _call(kernel, op, graph, target, height, None)


def depthwise_3x3_chunks_dsp(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """The same, some rows at once."""
    x, y = _fitting(op, graph)
    stride = op.stride[0]
    width = x.shape[2] + sum(op.padding[1])
    chunk = min(y.shape[1], max(2, (_ROWS // width - 3) // stride + 1))
    return _call(kernel, op, graph, target, chunk * stride + 3 - stride, chunk)


def _fitting(op: DepthwiseConv2D, graph: Graph) -> tuple[Tensor, Tensor]:
    """Input and output. Raises DoesNotFit where the filters are others."""
    x, w, _, y = op.operands(graph)
    fit(w.shape[1:3] == (3, 3), f"the filter is {w.shape[1]}x{w.shape[2]}, not 3x3")
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    fit(op.stride in ((1, 1), (2, 2)), f"the stride is {op.stride}")
    fit(op.dilation == (1, 1), f"the dilation is {op.dilation}")
    fit(y.shape[2] > 1, "the output has one column")
    return x, y


def _call(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target, height: int, chunk: int | None) -> Call:
    x, w, _, y = op.operands(graph)
    planes = planes_of(x, y)
    planes.check(x, y)
    weights = constant_int8(x, w).reshape(9, w.shape[3])
    output, bias = output_of(op.operands(graph), weights.T, op.activation, target)
    stride = op.stride[0]
    width = x.shape[2] + sum(op.padding[1])
    batches, out_h, out_w, _ = y.shape
    params = Depthwise3x3Dsp(
        Constant(f"{y.name}_weights", _pack(weights), _PACKED, words=True),
        Constant(f"{y.name}_bias", bias, bias_note(x)),
        output,
        window_of(op, x, w),
        batches,
        out_h,
        out_w,
        height,
        width,
        chunk,
    )
    chunks = 1 if chunk is None else -(-out_h // chunk)
    parts = batches * x.shape[3] * chunks
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {"stage": output.stage, "stride": stride, **planes.variant()},
        scratch=height * width + 4,  # the last word of the last row may begin at its last byte but one
        overlaps={0: _overlap(op, graph, planes, chunk or out_h)},
        work={
            planes.unit(f"outputs_{stride}", planes.y): y.elements,
            planes.unit("gathered", planes.x): parts * height * width,
            planes.unit("rows", planes.x): parts * height,
            "planes": parts,
        },
    )


def _overlap(op: DepthwiseConv2D, graph: Graph, planes: Planes, chunk: int) -> Overlap:
    x, _, _, _ = op.operands(graph)
    rows, columns = axes(op, graph)
    if not (planes.x or planes.y):
        return planes_overlap(rows, columns, x.shape[0], chunk)
    return channels_overlap(rows, columns, x.shape[3], chunk, planes)


def _pack(weights: Array) -> Array:
    """[9, channels] as a word for each row of each channel: three weights and a zero."""
    rows = weights.T.reshape(-1, 3, 3)
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, 0), (0, 1))))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("depthwise_3x3_s8_dsp", "depthwise/dsp/depthwise_3x3_s8_dsp", (DepthwiseConv2D,), depthwise_3x3_dsp, DSP,
           planes=True),
    Kernel("depthwise_3x3_chunks_s8_dsp", "depthwise/dsp/depthwise_3x3_chunks_s8_dsp", (DepthwiseConv2D,),
           depthwise_3x3_chunks_dsp, DSP, planes=True),
)  # fmt: skip
