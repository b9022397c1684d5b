"""Tiles of portable kernels: some channels of some columns, whose sums stay in registers while all taps go by."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Tensor
from aot.kernels.call import AnyKernel, Constant, Target, fit
from aot.kernels.common.accumulators import bias_note, number_types
from aot.kernels.common.order import Walk, best_way, forwards, grouped
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.sums import SUFFIXES
from aot.ops.common import Activation
from aot.ops.dense import Operands

COLUMNS = 4  # that lie side by side in scratch
# what kernels of tiles are for, and what the core must have: reals that a library computes gain nothing
TILED = (("s8", frozenset[str]()), ("s16", frozenset[str]()), ("f32", frozenset({"fpu"})))


@dataclass(frozen=True)
class Tile:
    """`channels` of `columns` are summed up at once; the code for so many `taps` is written out."""

    channels: int
    columns: int
    taps: int


@dataclass(frozen=True)
class TiledLayer:
    """What a call starts from: packed weights, biases up to whole tiles, the output stage, what its template prints."""

    tile: Tile
    weights: Constant
    bias: Constant
    output: Output
    variant: dict[str, object]


def tiled(
    kernel: AnyKernel, operands: Operands, weights: Array, activation: Activation, target: Target, columns: int
) -> TiledLayer:
    """For [channels, taps] `weights`, and tiles of so many columns."""
    x, _, _, y = operands
    fit(x.dtype == "float32" or "dsp" not in target.features, "the core multiplies two pairs at once")
    fit(kernel.name.endswith(f"_{SUFFIXES[x.dtype]}"), f"%{x.name} is {x.dtype}")
    output, bias = output_of(operands, weights, activation, target)
    tile = tile_of(target, columns, bias)
    note = (
        f"For each {tile.channels} channels, for each tap, their weights" if tile.channels > 1 else "For each channel"
    )
    return TiledLayer(
        tile,
        Constant(f"{y.name}_weights", _pack(weights, tile.channels), note),
        Constant(f"{y.name}_bias", np.pad(bias, (0, -len(bias) % tile.channels)), bias_note(x)),
        output,
        number_types(x, bias)
        | {"weight": C_TYPES[weights.dtype.name], "stage": output.stage}
        | {"tile": tile, "rest": weights.shape[1] % tile.taps > 0},
    )


def tile_of(target: Target, columns: int, bias: Array) -> Tile:
    """The tile that is fastest on the core: what its registers hold."""
    if bias.dtype == np.int64:
        return Tile(1, columns, 2)
    if columns == 1:
        return Tile(8, 1, 4)
    if bias.dtype == np.float32:
        return Tile(4, COLUMNS, 2)
    return Tile(4, COLUMNS, 2) if "rv32" in target.features else Tile(2, COLUMNS, 4)


def tiled_walk(x: Tensor, y: Tensor, reads: Array, writes: Array, batches: int = 1) -> Walk:
    """The steps of single columns, so many images of them, as those of tiles."""
    tiles = (np.concatenate([grouped(part, COLUMNS) for part in np.split(a, batches)]) for a in (reads, writes))
    return (best_way if batches == 1 else forwards)(x, y, *tiles)


def tiled_work(layer: TiledLayer, columns: int, depth: int, channels: int) -> dict[str, float]:
    """The last columns and channels are as expensive as if they filled a tile."""
    tile = layer.tile
    tiles = -(-columns // tile.columns) * -(-channels // tile.channels)
    return {"macs": tiles * tile.columns * tile.channels * depth, "tiles": tiles, "outputs": columns * channels}


def _pack(weights: Array, channels: int) -> Array:
    """[channels, taps] as [groups of channels, taps, channels of a group]; what fills up is zero."""
    full = np.pad(weights, ((0, -weights.shape[0] % channels), (0, 0)))
    return np.ascontiguousarray(full.reshape(-1, channels, weights.shape[1]).transpose(0, 2, 1))
