"""What the kernels for cores with the DSP extension share: how weights are packed for SMLAD, two products at once.

SXTB16 widens bytes 0 and 2 of a word to a pair of halfwords, with a rotation bytes 1 and 3. So four taps k to k+3
become the pairs (k, k+2) and (k+1, k+3), and weights are packed to match.
"""

import numpy as np

from aot.graph.ir import Array, Tensor
from aot.kernels.call import fit, weights_of
from aot.kernels.common.accumulators import accumulator_bound

CHANNELS = 2  # computed together in a tile
COLUMNS = 4  # computed together in a tile
_LARGEST_JOINED = 1 << 23
_TAPS = 8  # a tile's loop does so many at once
ROWS = 4  # of a matrix, multiplied together by one column
GROUP = {"s8": 4, "s16": 2}  # taps of a window's row that are spread over columns together
BYTES, JOINED, WIDE = "", "_joined", "_wide"  # how weights are packed, and the part of a helper's name that says so
_STORED = {
    BYTES: "bytes: m[{0}] n[{0}] m[{1}] n[{1}], then taps {2}, {3}",
    JOINED: "halfwords 256 * n + m: taps {0}, {1}, {2}, {3}",
    WIDE: "halfwords: m[{0}] m[{1}] n[{0}] n[{1}], then taps {2}, {3}",
}


def tile_note(kind: str, suffix: str) -> str:
    """What `pack_tile` makes, in words."""
    return f"Weights of channels m, n = 0, 1, then 2, 3, ...; each four taps as {_stored(kind, suffix)}"


def rows_note(kind: str, suffix: str) -> str:
    """What `pack_rows` makes, in words."""
    order = "of each four channels, for each four taps: channels m, n = 0, 1, then 2, 3"
    return f"Weights {order}, as {_stored(kind, suffix)}; at last the taps left over"


def _stored(kind: str, suffix: str) -> str:
    return _STORED[kind].format(*((0, 1, 2, 3) if suffix == "s16" else (0, 2, 1, 3)))


def constant_int8(x: Tensor, w: Tensor) -> Array:
    """The weights `w`. Raises DoesNotFit unless they are constant, and they and the input `x` int8."""
    for t in (x, w):
        fit(t.dtype == "int8", f"%{t.name} is {t.dtype}")
    return weights_of(w)


def padded_depth(depth: int) -> int:
    """`depth` rounded up to what a tile's loop does at once."""
    return -(-depth // _TAPS) * _TAPS


def can_join(weights: Array, bias: Array) -> bool:
    """Whether 256 times a sum of the second channel of each pair plus that of the first tells both.

    256 times a weight plus another must fit 16 bits, and sums, biases included, 24.
    """
    low, high = (_padded(weights, CHANNELS, weights.shape[1])[i::CHANNELS] for i in range(CHANNELS))
    return accumulator_bound(weights, bias) < _LARGEST_JOINED and not bool(((high == -128) & (low < 0)).any())


def pack_tile(weights: Array, kind: str, suffix: str) -> Array:
    """[channels, taps] for tiles, for each pair of taps and each two channels n and n+1.

    Pairs of taps are (k, k+2) and (k+1, k+3) for int8 inputs, which are widened, and neighbours for int16 (`suffix` is
    "s8" or "s16") and for int8 inputs that lie by planes. As bytes, a word is `n,k n+1,k n,k+2 n+1,k+2`; joined, two of
    these are an int16, 256 times the second plus the first; wide, there is a word of two int16 for each channel. Rows
    and taps that fill up are zero.
    """
    full = _padded(weights, CHANNELS, padded_depth(weights.shape[1]))
    # [channel pair, channel, four taps, which of a pair, which pair]
    split = _in_pairs(full.reshape(len(full) // CHANNELS, CHANNELS, -1, 2, 2), suffix)
    return _packed(split.transpose(0, 2, 4, 3, 1), kind)


def window_order(weights: Array, rows: int, suffix: str) -> Array:
    """[channels, taps] of a window of `rows` as `spread_window_*` takes them: groups of each row, then the rest."""
    split = weights.reshape(len(weights), rows, -1)
    grouped = split.shape[2] // GROUP[suffix] * GROUP[suffix]
    parts = (split[:, :, :grouped], split[:, :, grouped:])
    return np.concatenate([part.reshape(len(weights), -1) for part in parts], axis=1)


def pack_rows(weights: Array, kind: str, suffix: str) -> Array:
    """[channels, taps] for one column: for each four channels, the words of each four taps; then the taps left over.

    The words of channels n and n+1 are those of tiles, then come those of n+2 and n+3. Rows that fill up are zero.
    """
    full = _padded(weights, ROWS, weights.shape[1])
    fours = full.reshape(len(full) // ROWS, ROWS, -1)
    whole = weights.shape[1] // 4 * 4
    # [four channels, channel pair, channel, four taps, which of a pair, which pair]
    split = _in_pairs(fours[:, :, :whole].reshape(len(fours), 2, 2, -1, 2, 2), suffix)
    words = _packed(split.transpose(0, 3, 1, 5, 4, 2), kind).reshape(len(fours), -1)
    rest = fours[:, :, whole:].transpose(0, 2, 1).reshape(len(fours), -1)
    return np.concatenate([words, rest.astype(words.dtype)], axis=1)


def _in_pairs(fours: Array, suffix: str) -> Array:
    """The last two dimensions, a [2, 2] of four taps, as [which of a pair, which pair]."""
    return fours.swapaxes(-1, -2) if suffix == "s16" else fours


def _packed(split: Array, kind: str) -> Array:
    """[..., which pair, which of a pair, channel] as it is stored."""
    if kind == WIDE:
        return np.ascontiguousarray(split.swapaxes(-1, -2), np.int16)
    packed = np.ascontiguousarray(split)
    if kind == JOINED:
        packed[..., 1] -= packed[..., 0] < 0
    return packed


def padded_bias(bias: Array, channels: int) -> Array:
    """`bias` with zeros up to a multiple of `channels`."""
    return np.pad(bias, (0, -len(bias) % channels))


def _padded(weights: Array, rows: int, depth: int) -> Array:
    return np.pad(weights, ((0, -weights.shape[0] % rows), (0, depth - weights.shape[1])))
