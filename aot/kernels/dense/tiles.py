"""Dense layers and point-wise convolutions in tiles of registers, in portable C."""

from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, weights_of
from aot.kernels.common.order import by_channel, forwards, rows
from aot.kernels.common.output import Output
from aot.kernels.common.sums import itemsize
from aot.kernels.common.tile import COLUMNS, TILED, TiledLayer, tiled, tiled_walk, tiled_work
from aot.kernels.dense.dense import fit_pointwise
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected


@dataclass(frozen=True)
class DenseTiles(Params):
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
class DenseRow(Params):
    weights: Constant
    bias: Constant
    output: Output
    rows: int
    depth: int
    out_c: int


def fully_connected(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED of several rows, four at a time."""
    return _tiles(kernel, op, graph, _layer(kernel, op, graph, target, COLUMNS))


def pointwise(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution that reads every pixel once, four of them at a time."""
    fit_pointwise(op, graph)
    return _tiles(kernel, op, graph, _layer(kernel, op, graph, target, COLUMNS))


def fully_connected_row(kernel: AnyKernel, op: FullyConnected, graph: Graph, target: Target) -> Call:
    """FULLY_CONNECTED, one row after the other."""
    return _row(kernel, op, graph, _layer(kernel, op, graph, target, 1))


def pointwise_row(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """A 1x1 convolution, one pixel after the other: for few of them."""
    fit_pointwise(op, graph)
    return _row(kernel, op, graph, _layer(kernel, op, graph, target, 1))


def _layer(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, target: Target, columns: int) -> TiledLayer:
    _, w, _, _ = op.operands(graph)
    weights = weights_of(w).reshape(w.shape[0], -1)
    return tiled(kernel, op.operands(graph), weights, op.activation, target, columns)


def _tiles(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, layer: TiledLayer) -> Call:
    x, w, _, y = op.operands(graph)
    out_c, depth = w.shape[0], w.elements // w.shape[0]
    count = x.elements // depth
    walk = tiled_walk(x, y, rows(count, depth), rows(count, out_c))
    sizes = walk.start(COLUMNS), walk.step(COLUMNS), count, depth, out_c
    return Call(
        kernel,
        op,
        DenseTiles(layer.weights, layer.bias, layer.output, *sizes),
        (x.name,),
        (y.name,),
        layer.variant,
        scratch=COLUMNS * depth * itemsize(x),
        scratch_type=str(layer.variant["type"]),
        overlaps={0: walk.overlap},
        work=tiled_work(layer, count, depth, out_c) | {"interleaved": count * depth, "columns": count},
    )


def _row(kernel: AnyKernel, op: FullyConnected | Conv2D, graph: Graph, layer: TiledLayer) -> Call:
    x, w, _, y = op.operands(graph)
    out_c, depth = w.shape[0], w.elements // w.shape[0]
    count = x.elements // depth
    writes = by_channel(rows(count, out_c), out_c, np.append(np.arange(0, out_c, layer.tile.channels), out_c))
    return Call(
        kernel,
        op,
        DenseRow(layer.weights, layer.bias, layer.output, count, depth, out_c),
        (x.name,),
        (y.name,),
        layer.variant,
        overlaps={0: forwards(x, y, rows(count, depth)[:, None], writes).overlap},
        work=tiled_work(layer, count, depth, out_c) | {"columns": count},
    )


KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel
    for suffix, features in TILED
    for kernel in (
        Kernel(f"dense_tiles_{suffix}", "dense/dense_tiles", (FullyConnected,), fully_connected, features),
        Kernel(f"dense_tiles_{suffix}", "dense/dense_tiles", (Conv2D,), pointwise, features),
        Kernel(f"dense_row_{suffix}", "dense/dense_row", (FullyConnected,), fully_connected_row, features),
        Kernel(f"dense_row_{suffix}", "dense/dense_row", (Conv2D,), pointwise_row, features),
    )
)
