"""Dense layers and point-wise convolutions for RISC-V's vectors, channels in lanes: four rows at a time, or one."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Graph
from aot.kernels.call import FIXED, RVV, AnyKernel, Call, Constant, Kernel, Params, Target
from aot.kernels.common.channels import TAPS_NOTE, ChannelVectors, by_tap, channel_vectors
from aot.kernels.common.order import by_channel, forwards, rows
from aot.kernels.common.packing import constant_int8
from aot.kernels.common.tile import COLUMNS, tiled_walk
from aot.kernels.dense.dense import fit_pointwise
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected


@dataclass(frozen=True)
class DenseRvv(Params):
    """Four rows are taken from `first` on, the next ones each `step` further: 4 or -4."""

    weights: Constant
    output: ChannelVectors
    first: int
    step: int
    rows: int
    depth: int
    out_c: int


@dataclass(frozen=True)
class DenseRowRvv(Params):
    weights: Constant
    output: ChannelVectors
    rows: int
    depth: int
    out_c: int


def fully_connected_rvv(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED of several rows."""
    return _fours(kernel, op, graph, target)


def pointwise_rvv(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once."""
    fit_pointwise(op, graph)
    return _fours(kernel, op, graph, target)


def dense_row_rvv(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED, one row after the other."""
    return _row(kernel, op, graph, target)


def pointwise_row_rvv(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution, one pixel after the other: for few of them."""
    fit_pointwise(op, graph)
    return _row(kernel, op, graph, target)


def _fours(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, target: Target) -> Call:
    x, w, _, y = operands = op.operands(graph)
    weights = constant_int8(x, w).reshape(w.shape[0], -1)
    out_c, depth = weights.shape
    output, packed = channel_vectors(operands, weights, op.activation, target), by_tap(weights)
    count = x.elements // depth
    walk = tiled_walk(x, y, rows(count, depth), rows(count, out_c))
    sizes = walk.start(COLUMNS), walk.step(COLUMNS), count, depth, out_c
    fours = -(-count // COLUMNS)
    return Call(
        kernel,
        op,
        DenseRvv(Constant(f"{y.name}_weights", packed, TAPS_NOTE), output, *sizes),
        (x.name,),
        (y.name,),
        scratch=COLUMNS * len(packed),
        overlaps={0: walk.overlap},
        work=columns_work(fours, len(packed), out_c) | {"interleaved": count * depth, "columns": count},
    )


def _row(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, target: Target) -> Call:
    """In C, there is one channel at a time; vectors read no later what is written."""
    x, w, _, y = operands = op.operands(graph)
    weights = constant_int8(x, w).reshape(w.shape[0], -1)
    out_c, depth = weights.shape
    output, packed = channel_vectors(operands, weights, op.activation, target), by_tap(weights)
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, np.arange(out_c + 1))
    vectors = count * -(-out_c // 16)
    return Call(
        kernel,
        op,
        DenseRowRvv(Constant(f"{y.name}_weights", packed, TAPS_NOTE), output, count, depth, out_c),
        (x.name,),
        (y.name,),
        overlaps={0: forwards(x, y, rows(count, depth)[:, None], writes).overlap},
        work={"rows": count, "pairs": vectors * -(-depth // 2), "stages": vectors},
    )


def columns_work(fours: int, taps: int, channels: int) -> dict[str, float]:
    """Of columns_rvv: fours of columns; pairs of taps and outputs, of as many channels as vectors of 128 bits hold."""
    vectors = fours * -(-channels // 16)
    return {"fours": fours, "pairs": vectors * taps // 2, "stages": vectors}


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("dense_s8_rvv", "dense/rvv/dense_s8_rvv", (FullyConnected,), fully_connected_rvv, RVV, roundings=FIXED),
    Kernel("dense_s8_rvv", "dense/rvv/dense_s8_rvv", (Conv2D,), pointwise_rvv, RVV, roundings=FIXED),
    Kernel("dense_row_s8_rvv", "dense/rvv/dense_row_s8_rvv", (FullyConnected,), dense_row_rvv, RVV, roundings=FIXED),
    Kernel("dense_row_s8_rvv", "dense/rvv/dense_row_s8_rvv", (Conv2D,), pointwise_row_rvv, RVV, roundings=FIXED),
)
