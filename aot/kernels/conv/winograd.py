"""3x3 convolution by Winograd's F(2x2, 3x3): four outputs of 16 products, not 36, exact in integers.

Of a patch of 4x4 inputs d and a filter g, V = B'dB and U = (2G)g(2G)' are integers of 16 bits, and A'(U.V)A, with
products element by element, is four times the 2x2 sums.
"""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.kernels.call import RV32, AnyKernel, Call, Constant, Kernel, Params, Target, fit, weights_of
from aot.kernels.common.accumulators import bias_note, number_types
from aot.kernels.common.order import Walk, forwards, windows
from aot.kernels.common.output import Output, output_of
from aot.kernels.common.window import Window, window_of
from aot.ops.conv2d import Conv2D

TILES = 4  # side by side, which one patch of the input makes
_OUT = 2, 2 * TILES  # rows and columns of outputs of a patch
PATCH = 4, 2 * TILES + 2  # rows and columns of a patch
POSITIONS = 16  # of a tile's products
_MOST_CHANNELS = 3600  # of which 512 * 1143 each, and four times the sums, stay below 2^31
_TWICE_G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])
_NOTE = "For each {count} channels, for each of 16 positions, their transformed weights of all taps"


@dataclass(frozen=True)
class Winograd(Params):
    """The window is a patch."""

    weights: Constant
    bias: Constant
    output: Output
    window: Window
    batches: int
    out_h: int
    out_w: int
    out_c: int


@dataclass(frozen=True)
class Tiles:
    """`channels` of the output are summed up at once, `taps` channels of the input multiplied in one pass."""

    channels: int
    taps: int
    pairs: bool = False  # two taps lie together as a word


def lower_winograd(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target, tiles: Tiles) -> Call:
    """The call of a kernel with such tiles."""
    x, w, _, y = op.operands(graph)
    weights = weights_of(w)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    fit(w.dtype == "int8" and not w.wide, f"%{w.name} is to be int16")
    fit(w.shape[1:3] == (3, 3), f"the filters are {w.shape[1]}x{w.shape[2]}, not 3x3")
    fit(op.stride == (1, 1) and op.dilation == (1, 1), "stride or dilation is not 1")
    channels = x.shape[3]
    fit(w.shape[3] == channels, "the channels are in groups")
    fit(channels % tiles.taps == 0, f"{channels} channels are no multiple of {tiles.taps}")
    fit(channels <= _MOST_CHANNELS, f"{channels} channels need more than 32 bits")
    output, bias = output_of(op.operands(graph), weights.reshape(w.shape[0], -1), op.activation, target)
    packed = packed_weights(weights, tiles)
    window = replace(window_of(op, x, w), kernel_h=PATCH[0], kernel_w=PATCH[1])
    params = Winograd(
        Constant(f"{y.name}_weights", packed, _NOTE.format(count=tiles.channels), words=True),
        Constant(f"{y.name}_bias", np.pad(bias, (0, -len(bias) % tiles.channels)), bias_note(x)),
        output,
        window,
        *y.shape,
    )
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        number_types(x, bias) | {"stage": output.stage, "window": window.c_name, "tiles": tiles},
        scratch=scratch_of(channels, tiles),
        scratch_type="int32_t",
        overlaps={0: patch_walk(op, x, y).overlap},
        work=_work(y, channels, tiles),
    )


def scratch_of(channels: int, tiles: Tiles) -> int:
    """Products, transformed inputs, the patch, in bytes."""
    return POSITIONS * TILES * (4 * tiles.channels + 2 * channels) + PATCH[0] * PATCH[1] * channels


def packed_weights(weights: Array, tiles: Tiles) -> Array:
    """[channels, 3, 3, taps] transformed, as [groups, positions, taps or pairs, channels of a group, 1 or 2]."""
    transformed = np.einsum("ir,jq,orqk->oijk", _TWICE_G, _TWICE_G, weights.astype(np.int64))
    full = np.pad(transformed, ((0, -len(weights) % tiles.channels), (0, 0), (0, 0), (0, 0)))
    together = 2 if tiles.pairs else 1
    if tiles.pairs:  # as words of four bytes widen: the first and third, the second and fourth
        fours = full.reshape(*full.shape[:3], -1, 2, 2)
        full = fours.swapaxes(-1, -2).reshape(full.shape)
    split = full.reshape(-1, tiles.channels, POSITIONS, weights.shape[3] // together, together)
    return np.ascontiguousarray(split.transpose(0, 2, 3, 1, 4)).astype(np.int16)


def _steps(y: Tensor) -> tuple[int, int]:
    """Patches from top to bottom, and from left to right."""
    return -(-y.shape[1] // _OUT[0]), -(-y.shape[2] // _OUT[1])


def patch_walk(op: Conv2D, x: Tensor, y: Tensor) -> Walk:
    """Patch by patch: from the first pixel that one reads, or writes, to its last."""
    batches, out_h, out_w, channels = y.shape
    down, across = _steps(y)
    patches = replace(y, shape=(batches, down, across, channels), data=None)
    reads = windows(x, patches, PATCH, _OUT, (op.padding[0][0], op.padding[1][0]))
    top, left = np.arange(down)[:, None] * _OUT[0], np.arange(across) * _OUT[1]
    bottom, right = np.minimum(top + _OUT[0], out_h), np.minimum(left + _OUT[1], out_w)
    image = np.stack([top * out_w + left, (bottom - 1) * out_w + right], axis=-1).reshape(-1, 2)
    writes = np.concatenate([image + n * out_h * out_w for n in range(batches)]) * channels
    return forwards(x, y, reads, writes)


def _work(y: Tensor, channels: int, tiles: Tiles) -> dict[str, float]:
    """A patch beyond the border is as expensive as one inside."""
    down, across = _steps(y)
    patches = y.shape[0] * down * across
    filters = -(-y.shape[3] // tiles.channels) * tiles.channels
    return {
        "patches": patches,
        "inputs": patches * channels,
        "products": patches * channels * filters,
        "sums": patches * filters,
        "outputs": y.elements,
    }


def conv2d_winograd(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """3x3, four channels of four tiles; a Cortex-M3 has too few registers for tiles to be worth their transforms."""
    return lower_winograd(kernel, op, graph, target, Tiles(4, 4))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("conv2d_winograd_s8", "conv/conv2d_winograd", (Conv2D,), conv2d_winograd, RV32, roomy=True),
)
