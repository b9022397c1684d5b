"""Depth-wise convolution channel by channel: weights stay in registers, neighbouring outputs share what they load."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.accumulators import bias_note, number_types
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.sums import fit_type, itemsize
from aot.kernels.common.tile import TILED
from aot.kernels.costs import cycles
from aot.kernels.depthwise.plane import Axis, axes, planes_overlap
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_NEIGHBOURS = 4  # outputs at a time
_NEIGHBOURS_RV32 = 2  # where four spill
_MOST_TAPS = 9  # whose code is written out
_BYTES = 700  # of rows, where two rows of output need no more

_ORDER = "For each channel, the weights of all taps"


@dataclass(frozen=True)
class DepthwiseRows(Params):
    """Rows and columns may be those of the image, or the other way round; steps are in elements.

    Scratch holds `height` rows of `width`, padding included, of which `reach` make one row of output, and `stride` more
    the next; `chunk` rows of output are made of them at once.
    """

    weights: Constant
    bias: Constant
    output: Output
    batches: int
    channels: int
    zero: int
    in_image: int
    in_rows: int
    in_row: int
    in_columns: int
    in_column: int
    out_image: int
    out_rows: int
    out_row: int
    out_columns: int
    out_column: int
    pad_top: int
    pad_left: int
    height: int
    width: int
    stride: int
    dilation: int
    reach: int
    chunk: int


def depthwise_rows(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """One filter of few taps for each channel; along the rows of the image or its columns, whichever is cheaper.

    Reals along rows alone: their sums are those of taps in one order.
    """
    x, w, _, _ = op.operands(graph)
    fit_type(kernel, x)
    fit(w.shape[3] == x.shape[3], f"there are {w.shape[3] // x.shape[3]} filters for each channel, not 1")
    fit(w.shape[1] * w.shape[2] <= _MOST_TAPS, f"the filter is {w.shape[1]}x{w.shape[2]}")
    rows, columns = axes(op, graph)
    either = ((rows, columns),) if x.dtype == "float32" else ((rows, columns), (columns, rows))
    ways = [way for way in either if way[0].stride <= way[0].reach]
    fit(bool(ways), f"the stride is {op.stride}, beyond the filter of {w.shape[1]}x{w.shape[2]}")
    calls = [_call(kernel, op, graph, target, *way) for way in ways]
    return min(calls, key=lambda call: cycles(kernel.name, call.work, target))


def _call(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target, rows: Axis, columns: Axis) -> Call:
    x, w, _, y = op.operands(graph)
    weights = weights_of(w)[0]
    output, bias = output_of(op.operands(graph), weights.reshape(-1, w.shape[3]).T, op.activation, target)
    neighbours = _NEIGHBOURS_RV32 if "rv32" in target.features or columns.out_size < _NEIGHBOURS else _NEIGHBOURS
    chunk = _chunk(rows, columns.padded * itemsize(x))
    params = DepthwiseRows(
        Constant(f"{y.name}_weights", _by_channel(np.moveaxis(weights, columns.dimension - 1, 1)), _ORDER),
        Constant(f"{y.name}_bias", bias, bias_note(x)),
        output,
        batches=x.shape[0],
        channels=x.shape[3],
        zero=x.zero_point if x.dtype == "int8" else 0,
        in_image=x.elements // x.shape[0],
        in_rows=rows.size,
        in_row=rows.step,
        in_columns=columns.size,
        in_column=columns.step,
        out_image=y.elements // y.shape[0],
        out_rows=rows.out_size,
        out_row=rows.out_step,
        out_columns=columns.out_size,
        out_column=columns.out_step,
        pad_top=rows.pads[0],
        pad_left=columns.pads[0],
        height=(chunk - 1) * rows.stride + rows.reach,
        width=columns.padded,
        stride=rows.stride,
        dilation=rows.dilation,
        reach=rows.reach,
        chunk=chunk,
    )
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {
            **number_types(x, bias),
            "weight": C_TYPES[weights.dtype.name],
            "stage": output.stage,
            "taps": (rows.kernel, columns.kernel),
            "stride": columns.stride,
            "dilation": columns.dilation,
            "neighbours": neighbours,
        },
        scratch=params.height * params.width * itemsize(x),
        scratch_type=C_TYPES[x.dtype],
        overlaps={0: planes_overlap(rows, columns, params.batches, params.chunk, itemsize(x))},
        work=_work(rows, columns, params, neighbours),
    )


def _by_channel(weights: Array) -> Array:
    """[rows, columns, channels] as [channels, taps]."""
    return np.ascontiguousarray(weights.transpose(2, 0, 1)).reshape(weights.shape[2], -1)


def _chunk(rows: Axis, row_bytes: int) -> int:
    """The rows of output for which rows are kept at once."""
    fitting = (_BYTES // row_bytes - rows.reach) // rows.stride + 1
    return min(rows.out_size, max(2, fitting))


def _work(rows: Axis, columns: Axis, params: DepthwiseRows, neighbours: int) -> dict[str, float]:
    """Outputs that no neighbour shares with are counted apart."""
    planes = params.batches * params.channels
    made = planes * rows.out_size
    together, alone = columns.out_size // neighbours * neighbours, columns.out_size % neighbours
    taps = rows.kernel * columns.kernel
    return {
        "macs": made * together * taps,
        "macs_alone": made * alone * taps,
        "outputs": made * columns.out_size,
        "rows": made,
        "copied": planes * rows.size * columns.size,
        "rows_copied": planes * rows.size,
        "channels": planes,
    }


KERNELS: tuple[AnyKernel, ...] = tuple(
    Kernel(f"depthwise_rows_{suffix}", "depthwise/depthwise_rows", (DepthwiseConv2D,), depthwise_rows, features)
    for suffix, features in TILED
)
