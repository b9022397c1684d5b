"""Dense layers, point-wise and general convolutions for cores with the DSP extension."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aot.ir import Array, Graph, Op, Tensor
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.kernels.costs import cycles
from aot.kernels.dsp import (
    BYTES,
    CHANNELS,
    COLUMNS,
    GROUP,
    JOINED,
    ROWS,
    WIDE,
    can_join,
    pack_rows,
    pack_tile,
    padded_bias,
    padded_depth,
    window_order,
)
from aot.kernels.layout import Planes, planes_of
from aot.kernels.order import Walk, best_way, by_channel, by_planes, forwards, grouped, rows
from aot.kernels.output import Output, number_types, output_and_bias
from aot.kernels.stage import Stage, fast_output, stage_of, tiles_output
from aot.kernels.sums import SUFFIXES, itemsize
from aot.kernels.window import Window, window_of, window_reads, windows_at_borders
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.plan import Overlap


@dataclass(frozen=True)
class DenseDsp(Params):
    """Four rows are taken from `first` on, the next ones each `step` further: 4 or -4."""

    weights: Constant
    bias: Constant
    output: Output
    first: int
    step: int
    rows: int
    depth: int
    out_c: int


@dataclass(frozen=True)
class DenseRowDsp(Params):
    weights: Constant
    bias: Constant
    output: Output
    rows: int
    depth: int
    out_c: int


@dataclass(frozen=True)
class Conv2DDsp(Params):
    """Four pixels of an image are taken from `first` on, the next ones each `step` further: 4 or -4."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    first: int
    step: int
    pixels: int
    out_w: int
    out_c: int


@dataclass(frozen=True)
class _Layer:
    """What all of them start from: [channels, taps] weights, the folded bias, the output stage, and types in C.

    `kind` is how rows pack the weights, `tiles_kind` how tiles do.
    """

    weights: Array
    bias: Array
    output: Output
    stage: Stage
    types: dict[str, str]
    kind: str
    tiles_kind: str

    @property
    def suffix(self) -> str:
        """After the type of the inputs."""
        return self.types["suffix"]

    def unit(self, kind: str, what: str) -> str:
        """Of the work of one that packs weights as `kind`."""
        return f"{self.suffix}{kind}_{what}"

    def packed_as(self, kind: str) -> dict[str, Any]:
        """What the templates print where weights are packed so."""
        weight = "int16_t" if kind == WIDE else "int8_t"
        return {**self.types, "stage": self.stage, "packing": kind, "weight": weight}


def _layer(
    kernel: Kernel,
    operands: tuple[Tensor, Tensor, Tensor | None, Tensor],
    weights: Array,
    activation: Activation,
    target: Target,
) -> _Layer:
    x, w, b, y = operands
    suffix = SUFFIXES[x.dtype]
    fit(kernel.name.endswith(f"_{suffix}_dsp"), f"%{x.name} is {x.dtype}")
    output, bias = output_and_bias(x, w, b, y, weights, activation, target.rounding)
    output = fast_output(output, bias)
    in_64_bits = bias.dtype == np.int64
    wide = w.dtype == "int16" or (w.name in target.int16_weights and not in_64_bits)
    kind = WIDE if wide else JOINED if suffix == "s8" and can_join(weights, bias) else BYTES
    layer = _Layer(weights, bias, output, stage_of(output, target, y), number_types(x, bias), kind, kind)
    # The C of stages that are not fast takes no sums apart.
    apart = kind == JOINED and not (layer.stage.fast and _joining_pays(kernel, layer, target))
    return replace(layer, tiles_kind=BYTES) if apart else layer


def _joining_pays(kernel: Kernel, layer: _Layer, target: Target) -> bool:
    """Whether taking sums apart costs no more than joining them saves."""
    apart, joined = (
        cycles(kernel.name, _tiles_work(layer, kind, COLUMNS, Planes()), target) for kind in (BYTES, JOINED)
    )
    return joined <= apart


def _constant(w: Tensor) -> Array:
    fit(w.data is not None, f"%{w.name} (weights) is not constant")
    assert w.data is not None
    return w.data


def _tiles_work(layer: _Layer, kind: str, columns: int, planes: Planes) -> dict[str, float]:
    """The last columns and channels are as expensive as if they filled a tile, and the last taps a loop's pass."""
    channels, depth = layer.weights.shape
    outputs = -(-channels // CHANNELS) * CHANNELS * -(-columns // COLUMNS) * COLUMNS
    taps = padded_depth(depth)
    return {
        f"tile_{layer.unit(kind, 'macs')}": outputs * taps,
        f"tile_{layer.unit(kind, planes.unit('outputs', planes.y))}": outputs,
        f"tile_{layer.suffix}_{planes.unit('widened', planes.x)}": -(-columns // COLUMNS) * COLUMNS * taps,
    }


def _dense(kernel: Kernel, x: Tensor, y: Tensor, layer: _Layer, planes: Planes) -> Call:
    """Several columns: the rows of the input, or the pixels of an image."""
    out_c, depth = layer.weights.shape
    count = x.elements // depth
    planes.check(x, y)
    weights = np.insert(layer.weights, 1, 0, axis=1) if planes.x and depth % 2 else layer.weights
    walk = _dense_walk(x, y, count, planes)
    kind = layer.tiles_kind
    params = DenseDsp(
        Constant(f"{y.name}_weights", pack_tile(weights, kind, "s16" if planes.x else layer.suffix), words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, CHANNELS)),
        tiles_output(layer.output, layer.stage),
        walk.start(COLUMNS),
        walk.step(COLUMNS),
        count,
        depth,
        out_c,
    )
    return Call(
        kernel,
        params,
        (x.name,),
        (y.name,),
        layer.packed_as(kind) | planes.variant(),
        scratch=COLUMNS * 2 * padded_depth(depth) + planes.last_tile(y),
        overlaps={0: walk.overlap},
        work=_tiles_work(layer, kind, count, planes),
    )


def _dense_walk(x: Tensor, y: Tensor, count: int, planes: Planes) -> Walk:
    """Four rows at a time. At distances of whole planes, a step writes where it or an earlier one has read."""
    if planes.x and planes.y:
        return Walk(Overlap(below=0, above=0, step=count), -(-count // COLUMNS))
    reads, writes = (
        by_planes(count, t.elements // count, COLUMNS) if planar else grouped(rows(count, t.elements // count), COLUMNS)
        for t, planar in ((x, planes.x), (y, planes.y))
    )
    return (forwards if planes.x or planes.y else best_way)(x, y, reads, writes)


def fully_connected_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED of several rows."""
    assert isinstance(op, FullyConnected)
    x, w, _, y = op.operands(graph)
    return _dense(kernel, x, y, _layer(kernel, op.operands(graph), _constant(w), op.activation, target), Planes())


def pointwise_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once."""
    assert isinstance(op, Conv2D)
    x, w, _, y = op.operands(graph)
    layer = _layer(kernel, op.operands(graph), _pointwise_weights(op, x, w), op.activation, target)
    return _dense(kernel, x, y, layer, planes_of(x, y, target))


def _pointwise_weights(op: Conv2D, x: Tensor, w: Tensor) -> Array:
    """[channels, taps] of a convolution that is a dense layer for each pixel. Raises DoesNotFit for another one."""
    fit(w.shape[1:3] == (1, 1), f"the filter is {w.shape[1]}x{w.shape[2]}, not 1x1")
    fit(op.stride == (1, 1), f"the stride is {op.stride}")
    fit(op.padding == ((0, 0), (0, 0)), f"the padding is {op.padding}")
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return _constant(w).reshape(w.shape[0], -1)


def dense_row_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED, one row after the other: four units share each load of the input."""
    assert isinstance(op, FullyConnected)
    x, w, _, y = op.operands(graph)
    return _rows(kernel, x, y, _layer(kernel, op.operands(graph), _constant(w), op.activation, target))


def pointwise_row_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution, one pixel after the other: for few of them."""
    assert isinstance(op, Conv2D)
    x, w, _, y = op.operands(graph)
    return _rows(kernel, x, y, _layer(kernel, op.operands(graph), _pointwise_weights(op, x, w), op.activation, target))


def _rows(kernel: Kernel, x: Tensor, y: Tensor, layer: _Layer) -> Call:
    out_c, depth = layer.weights.shape
    fit(depth >= 4, f"the rows have {depth} elements, fewer than 4")
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, np.append(np.arange(0, out_c, ROWS), out_c))
    overlap = forwards(x, y, rows(count, depth)[:, None], writes).overlap
    params = DenseRowDsp(
        Constant(f"{y.name}_weights", pack_rows(layer.weights, layer.kind, layer.suffix), words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, ROWS)),
        layer.output,
        count,
        depth,
        out_c,
    )
    work = {layer.unit(layer.kind, "macs"): float(x.elements * out_c), "outputs": y.elements, "rows": count}
    variant = layer.packed_as(layer.kind)
    return Call(kernel, params, (x.name,), (y.name,), variant, overlaps={0: overlap}, work=work)


def conv2d_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any convolution without groups, over gathered windows."""
    assert isinstance(op, Conv2D)
    x, w, _, _ = op.operands(graph)
    weights = _constant(w).reshape(w.shape[0], -1)
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return _conv2d(kernel, op, graph, target, weights)


def single_channel_dsp(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Depth-wise convolution of a single channel: an ordinary convolution with its weights transposed."""
    assert isinstance(op, DepthwiseConv2D)
    x, w, _, _ = op.operands(graph)
    fit(x.shape[3] == 1, f"the input has {x.shape[3]} channels, not 1")
    return _conv2d(kernel, op, graph, target, _constant(w).reshape(-1, w.shape[3]).T)


def _conv2d(kernel: Kernel, op: Conv2D | DepthwiseConv2D, graph: Graph, target: Target, weights: Array) -> Call:
    x, w, _, y = op.operands(graph)
    layer = _layer(kernel, op.operands(graph), weights, op.activation, target)
    kind = layer.tiles_kind
    window = window_of(op, x, w)
    batches, out_h, out_w, out_c = y.shape
    pixels = out_h * out_w
    planes = planes_of(x, y, target)
    fit(not planes.x, f"%{x.name} lies by planes")
    planes.check(x, y)
    walk = _pixel_walk(op, x, w, y, planes)
    packed = pack_tile(window_order(weights, w.shape[1], layer.suffix), kind, layer.suffix)
    params = Conv2DDsp(
        Constant(f"{y.name}_weights", packed, words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, CHANNELS)),
        tiles_output(layer.output, layer.stage),
        window,
        batches,
        walk.start(COLUMNS),
        walk.step(COLUMNS),
        pixels,
        out_w,
        out_c,
    )
    depth = weights.shape[1]
    row = depth // w.shape[1]
    left_over = row % GROUP[layer.suffix]
    return Call(
        kernel,
        params,
        (x.name,),
        (y.name,),
        {**layer.packed_as(kind), **planes.variant(), "window": window.c_name},
        scratch=COLUMNS * 2 * padded_depth(depth) + planes.last_tile(y) + itemsize(x) * (row + w.shape[1] * left_over),
        overlaps={0: walk.overlap},
        work=_tiles_work(layer, kind, batches * pixels, planes) | _widening_work(op, x, w, y, left_over),
    )


def _widening_work(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor, left_over: int) -> dict[str, float]:
    """Rows of windows that are widened, those of them that are copied first, and elements beyond whole words."""
    rows = y.elements // y.shape[3] * w.shape[1]
    return {"rows": rows, "rows_copied": windows_at_borders(op, x, w, y) * w.shape[1], "left_over": rows * left_over}


def _pixel_walk(op: Conv2D | DepthwiseConv2D, x: Tensor, w: Tensor, y: Tensor, planes: Planes) -> Walk:
    """Four pixels at a time, image by image."""
    batches, out_h, out_w, out_c = y.shape
    pixels = out_h * out_w
    if planes.y:
        return forwards(x, y, grouped(window_reads(op, x, w, y), COLUMNS), by_planes(pixels, out_c, COLUMNS))
    reads, writes = (
        np.concatenate([grouped(part, COLUMNS) for part in np.split(steps, batches)])
        for steps in (window_reads(op, x, w, y), rows(batches * pixels, out_c))
    )
    return (best_way if batches == 1 else forwards)(x, y, reads, writes)
