"""Dense layers and point-wise convolutions for cores with MVE: two columns by four channels, or one by eight."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array, Graph, Op
from aot.kernels.call import MVE, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.order import best_way, by_channel, forwards, grouped, rows
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.vectors import (
    COLUMNS,
    LANES,
    TAPS,
    VectorOutput,
    pack_quads,
    packed_note,
    pairs_work,
    vector_output,
)
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.dense import Operands
from aot.ops.fully_connected import FullyConnected

_EIGHT = 8  # channels at a time of a single column


@dataclass(frozen=True)
class DenseMve(Params):
    """Two rows are taken from `first` on, the next ones each `step` further: 2 or -2."""

    weights: Constant
    output: VectorOutput
    first: int
    step: int
    rows: int
    depth: int
    out_c: int


@dataclass(frozen=True)
class DenseRowMve(Params):
    weights: Constant
    output: VectorOutput
    rows: int
    depth: int
    out_c: int


def fully_connected_mve(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED of several rows."""
    x, w, _, _ = operands = op.operands(graph)
    return _pairs(kernel, op, operands, constant_int8(x, w), op.activation, target)


def pointwise_mve(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once."""
    return _pairs(kernel, op, op.operands(graph), _pointwise_weights(op, graph), op.activation, target)


def dense_row_mve(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED, one row after the other."""
    x, w, _, _ = operands = op.operands(graph)
    return _rows(kernel, op, operands, constant_int8(x, w), op.activation, target)


def pointwise_row_mve(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution, one pixel after the other: for few of them."""
    return _rows(kernel, op, op.operands(graph), _pointwise_weights(op, graph), op.activation, target)


def _pointwise_weights(op: Conv2D, graph: Graph) -> Array:
    """[channels, taps] of a convolution that is a dense layer for each pixel. Raises DoesNotFit for another one."""
    x, w, _, _ = op.operands(graph)
    fit(w.shape[1:3] == (1, 1), f"the filter is {w.shape[1]}x{w.shape[2]}, not 1x1")
    fit(op.stride == (1, 1), f"the stride is {op.stride}")
    fit(op.padding == ((0, 0), (0, 0)), f"the padding is {op.padding}")
    fit(w.shape[3] == x.shape[3], "the channels are in groups")
    return constant_int8(x, w).reshape(w.shape[0], -1)


def _pairs(
    kernel: AnyKernel, op: Op, operands: Operands, weights: Array, activation: Activation, target: Target
) -> Call:
    x, _, _, y = operands
    output = vector_output(operands, weights, activation, target, LANES)
    out_c, depth = weights.shape
    count = x.elements // depth
    walk = best_way(x, y, *(grouped(rows(count, size), COLUMNS) for size in (depth, out_c)))
    packed = Constant(f"{y.name}_weights", pack_quads(weights, LANES), packed_note(LANES))
    params = DenseMve(packed, output, walk.start(COLUMNS), walk.step(COLUMNS), count, depth, out_c)
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        {**output.variant, "ragged": out_c % LANES > 0},
        scratch=COLUMNS * -(-depth // TAPS) * TAPS,
        overlaps={0: walk.overlap},
        work=pairs_work(count, out_c, depth) | {"copied": count * -(-depth // TAPS)},
    )


def _rows(
    kernel: AnyKernel, op: Op, operands: Operands, weights: Array, activation: Activation, target: Target
) -> Call:
    x, _, _, y = operands
    output = vector_output(operands, weights, activation, target, _EIGHT)
    out_c, depth = weights.shape
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, np.append(np.arange(0, out_c, _EIGHT), out_c))
    packed = Constant(f"{y.name}_weights", pack_quads(weights, _EIGHT, True), packed_note(_EIGHT, True))
    eights = count * -(-out_c // _EIGHT)
    return Call(
        kernel,
        op,
        DenseRowMve(packed, output, count, depth, out_c),
        (x.name,),
        (y.name,),
        {**output.variant, "ragged": out_c % _EIGHT > 0},
        overlaps={0: forwards(x, y, rows(count, depth)[:, None], writes).overlap},
        work={"rows": count, "sixteens": eights * -(-depth // TAPS), "stages": eights},
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("dense_s8_mve", "dense/mve/dense_s8_mve", (Conv2D,), pointwise_mve, MVE),
    Kernel("dense_s8_mve", "dense/mve/dense_s8_mve", (FullyConnected,), fully_connected_mve, MVE),
    Kernel("dense_row_s8_mve", "dense/mve/dense_row_s8_mve", (Conv2D,), pointwise_row_mve, MVE),
    Kernel("dense_row_s8_mve", "dense/mve/dense_row_s8_mve", (FullyConnected,), dense_row_mve, MVE),
)
