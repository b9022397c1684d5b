"""Depth-wise convolution with any window for cores with the DSP extension: plane by plane, four neighbours at a time.

A row of the plane is kept in parts: column x of part x % stride, or x % dilation. So every row of taps is a row of
neighbours, whatever the stride (a row of the filter becomes `stride` rows) and the dilation (parts are on their own).
"""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph
from aot.kernels.call import DSP, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.accumulators import bias_note
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.packing import constant_int8
from aot.kernels.costs import cycles
from aot.kernels.depthwise.plane import Axis, axes, planes_overlap
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_NEIGHBOURS = 4  # outputs at a time
_AHEAD = 8  # bytes behind the rows that are read for taps of weight zero, and for outputs that are not stored
_MOST_PAIRS = (8, 16)  # of taps in a row: their code is written out
_ROWS = 1024  # bytes of rows, where a few rows of output need no more
_FEW = 4  # rows of output, at the least

_PACKED = "For each channel and row, its weights behind a zero; those a stride apart lie side by side"


@dataclass(frozen=True)
class DepthwisePlane(Params):
    """Rows and columns may be those of the image, or the other way round; steps are in elements.

    A row in scratch is `parts` parts of `width`, of which `phases` are on their own. `rows` rows are kept: `reach` for
    one row of output, `stride` more for the next. A filter has `taps` rows of `pairs` pairs.
    """

    weights: Constant
    bias: Constant
    output: Output
    batches: int
    channels: int
    filters: int
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
    parts: int
    phases: int
    width: int
    stride: int
    reach: int
    taps: int
    pairs: int
    skip: int
    rows: int
    chunk: int


def depthwise_dsp(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target) -> Call:
    """Every window; along the rows of the image or along its columns, whichever is cheaper."""
    x, w, _, _ = op.operands(graph)
    constant_int8(x, w)
    fit(x.shape[3] > 1 or w.shape[3] == 1, "filters of a single channel are those of a convolution")
    fit(op.stride == (1, 1) or op.dilation == (1, 1), f"the stride is {op.stride}, the dilation {op.dilation}")
    rows, columns = axes(op, graph)
    ways = [pair for pair in ((rows, columns), (columns, rows)) if _walks(*pair)]
    fit(bool(ways), f"the window of {w.shape[1]}x{w.shape[2]} leaves out rows, or is too wide")
    calls = [_call(kernel, op, graph, target, *pair) for pair in ways]
    return min(calls, key=lambda call: cycles(kernel.name, call.work, target))


def _walks(rows: Axis, columns: Axis) -> bool:
    return rows.stride <= rows.reach and _pairs(columns) <= max(_MOST_PAIRS)


def _call(kernel: AnyKernel, op: DepthwiseConv2D, graph: Graph, target: Target, rows: Axis, columns: Axis) -> Call:
    x, _, _, y = op.operands(graph)
    params = _params(op, graph, target, rows, columns)
    halfwords = params.filters * 4 * params.pairs * params.taps + params.rows * params.parts * params.width
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {"stage": params.output.stage, "most_pairs": min(m for m in _MOST_PAIRS if m >= params.pairs)},
        scratch=2 * halfwords + _AHEAD,
        scratch_type="int16_t",
        overlaps={0: planes_overlap(rows, columns, params.batches, params.chunk)} if params.filters == 1 else {},
        work=_work(rows, columns, params),
    )


def _params(op: DepthwiseConv2D, graph: Graph, target: Target, rows: Axis, columns: Axis) -> DepthwisePlane:
    x, w, _, y = op.operands(graph)
    weights = constant_int8(x, w)
    output, bias = output_of(op.operands(graph), weights.reshape(-1, w.shape[3]).T, op.activation, target)
    chunk = _chunk(rows, _parts(columns) * _width(columns))
    packed = _pack(np.moveaxis(weights, columns.dimension, 2)[0], columns)
    return DepthwisePlane(
        Constant(f"{y.name}_weights", packed, _PACKED, words=True),
        Constant(f"{y.name}_bias", bias, bias_note(x)),
        output,
        batches=x.shape[0],
        channels=x.shape[3],
        filters=y.shape[3] // x.shape[3],
        zero=x.zero_point,
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
        parts=_parts(columns),
        phases=columns.dilation,
        width=_width(columns),
        stride=rows.stride,
        reach=rows.reach,
        taps=rows.kernel * columns.stride,
        pairs=_pairs(columns),
        skip=2 * _width(columns) * columns.dilation * rows.dilation - 4 * (_pairs(columns) + 1),
        rows=(chunk - 1) * rows.stride + rows.reach,
        chunk=chunk,
    )


def _chunk(rows: Axis, row_size: int) -> int:
    """The rows of output for which rows are kept at once."""
    fitting = (_ROWS // (2 * row_size) - rows.reach) // rows.stride + 1
    return min(rows.out_size, max(_FEW, fitting))


def _pack(weights: Array, columns: Axis) -> Array:
    """[rows, columns, channels] as rows of taps behind a zero; taps a stride apart are a row of their own."""
    taps = 2 * _pairs(columns) - 1
    padded = np.pad(weights, ((0, 0), (0, taps * columns.stride - columns.kernel), (0, 0)))
    # [channels, rows, parts, taps]
    split = padded.reshape(len(weights), taps, columns.stride, -1).transpose(3, 0, 2, 1)
    return np.append(np.pad(split, ((0, 0), (0, 0), (0, 0), (1, 0))).ravel(), np.int8(0))


def _parts(columns: Axis) -> int:
    """The parts of a row."""
    return columns.stride * columns.dilation


def _pairs(columns: Axis) -> int:
    """The pairs of taps in a row."""
    return -(-columns.kernel // columns.stride) // 2 + 1


def _width(columns: Axis) -> int:
    """Halfwords of a part, an even number."""
    return -(-columns.padded // (2 * _parts(columns))) * 2


def _work(rows: Axis, columns: Axis, params: DepthwisePlane) -> dict[str, float]:
    planes = params.batches * params.channels
    fours = columns.dilation * -(-columns.out_size // (_NEIGHBOURS * columns.dilation)) * rows.out_size
    filters = planes * params.filters
    return {
        "pairs": filters * fours * params.taps * params.pairs,
        "taps": filters * fours * params.taps,
        "fours": filters * fours,
        "outputs": filters * rows.out_size * columns.out_size,
        "weights": filters * params.taps * params.pairs,
        "filters": filters,
        "inputs": planes * rows.size * columns.size,
        "parts": planes * rows.size * params.parts,
    }


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("depthwise_s8_dsp", "depthwise/dsp/depthwise_s8_dsp", (DepthwiseConv2D,), depthwise_dsp, DSP),
)
