"""Dense layers, point-wise and general convolutions for cores with the DSP extension."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Op, Tensor
from aot.kernels.call import DSP, AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.accumulators import bias_note
from aot.kernels.common.layout import Planes, planes_of
from aot.kernels.common.order import Walk, best_way, by_channel, by_planes, forwards, grouped, rows
from aot.kernels.common.output import Output
from aot.kernels.common.packing import (
    CHANNELS,
    COLUMNS,
    ROWS,
    pack_rows,
    pack_tile,
    padded_bias,
    padded_depth,
    rows_note,
    tile_note,
)
from aot.kernels.dense.dsp.tiles import Layer, layer_of, tiles_work
from aot.ops.conv2d import Conv2D
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


def _dense(kernel: AnyKernel, op: Op, x: Tensor, y: Tensor, layer: Layer, planes: Planes) -> Call:
    """Several columns: the rows of the input, or the pixels of an image."""
    out_c, depth = layer.weights.shape
    count = x.elements // depth
    planes.check(x, y)
    weights = np.insert(layer.weights, 1, 0, axis=1) if planes.x and depth % 2 else layer.weights
    walk = _dense_walk(x, y, count, planes)
    kind, order = layer.tiles_kind, "s16" if planes.x else layer.suffix
    params = DenseDsp(
        Constant(f"{y.name}_weights", pack_tile(weights, kind, order), tile_note(kind, order), words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, CHANNELS), bias_note(x)),
        layer.output.for_tiles(),
        walk.start(COLUMNS),
        walk.step(COLUMNS),
        count,
        depth,
        out_c,
    )
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        layer.packed_as(kind) | planes.variant(),
        scratch=COLUMNS * 2 * padded_depth(depth) + planes.last_tile(y),
        overlaps={0: walk.overlap},
        work=tiles_work(layer, kind, count, planes),
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


def fully_connected_dsp(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED of several rows."""
    x, w, _, y = op.operands(graph)
    return _dense(
        kernel, op, x, y, layer_of(kernel, op.operands(graph), weights_of(w), op.activation, target), Planes()
    )


def pointwise_dsp(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once."""
    x, w, _, y = op.operands(graph)
    layer = layer_of(kernel, op.operands(graph), _pointwise_weights(op, x, w), op.activation, target)
    return _dense(kernel, op, x, y, layer, planes_of(x, y))


def _pointwise_weights(op: Conv2D, x: Tensor, w: Tensor) -> Array:
    """[channels, taps] of a convolution that is a dense layer for each pixel. Raises DoesNotFit for another one."""
    fit(w.shape[1:3] == (1, 1), f"the filter is {w.shape[1]}x{w.shape[2]}, not 1x1")
    fit(op.stride == (1, 1), f"the stride is {op.stride}")
    fit(op.padding == ((0, 0), (0, 0)), f"the padding is {op.padding}")
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return weights_of(w).reshape(w.shape[0], -1)


def dense_row_dsp(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED, one row after the other: four units share each load of the input."""
    x, w, _, y = op.operands(graph)
    return _rows(kernel, op, x, y, layer_of(kernel, op.operands(graph), weights_of(w), op.activation, target))


def pointwise_row_dsp(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution, one pixel after the other: for few of them."""
    x, w, _, y = op.operands(graph)
    return _rows(
        kernel, op, x, y, layer_of(kernel, op.operands(graph), _pointwise_weights(op, x, w), op.activation, target)
    )


def _rows(kernel: AnyKernel, op: Op, x: Tensor, y: Tensor, layer: Layer) -> Call:
    out_c, depth = layer.weights.shape
    fit(depth >= 4, f"the rows have {depth} elements, fewer than 4")
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, np.append(np.arange(0, out_c, ROWS), out_c))
    overlap = forwards(x, y, rows(count, depth)[:, None], writes).overlap
    packed = pack_rows(layer.weights, layer.kind, layer.suffix)
    params = DenseRowDsp(
        Constant(f"{y.name}_weights", packed, rows_note(layer.kind, layer.suffix), words=True),
        Constant(f"{y.name}_bias", padded_bias(layer.bias, ROWS), bias_note(x)),
        layer.output,
        count,
        depth,
        out_c,
    )
    work = {layer.unit(layer.kind, "macs"): float(x.elements * out_c), "outputs": y.elements, "rows": count}
    variant = layer.packed_as(layer.kind)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, overlaps={0: overlap}, work=work)


KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel
    for suffix in ("s8", "s16")
    for kernel in (
        Kernel(f"dense_{suffix}_dsp", "dense/dsp/dense_dsp", (Conv2D,), pointwise_dsp, DSP, planes=suffix == "s8"),
        Kernel(f"dense_{suffix}_dsp", "dense/dsp/dense_dsp", (FullyConnected,), fully_connected_dsp, DSP),
        Kernel(f"dense_row_{suffix}_dsp", "dense/dsp/dense_row_dsp", (Conv2D,), pointwise_row_dsp, DSP),
        Kernel(f"dense_row_{suffix}_dsp", "dense/dsp/dense_row_dsp", (FullyConnected,), dense_row_dsp, DSP),
    )
)
