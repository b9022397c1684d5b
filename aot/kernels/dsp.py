"""What the kernels for cores with the DSP extension share: how weights are packed for SMLAD, two products at once.

SXTB16 widens bytes 0 and 2 of a word to a pair of halfwords, with a rotation bytes 1 and 3. So four taps k to k+3
become the pairs (k, k+2) and (k+1, k+3), and weights are packed to match.
"""

import numpy as np

from aot.ir import Array, Tensor
from aot.kernels.call import fit
from aot.kernels.output import accumulator_bound

CHANNELS = 2  # computed together in a tile
COLUMNS = 4  # computed together in a tile
_LARGEST_JOINED = 1 << 23
_TAPS = 8  # a tile's loop does so many at once
ROWS = 4  # of a matrix, multiplied together by one column


def constant_int8(x: Tensor, w: Tensor) -> Array:
    """The weights `w`. Raises DoesNotFit unless they are constant, and they and the input `x` int8."""
    for t in (x, w):
        fit(t.dtype == "int8", f"%{t.name} is {t.dtype}")
    fit(w.data is not None, f"%{w.name} (weights) is not constant")
    assert w.data is not None
    return w.data


def padded_depth(depth: int) -> int:
    """`depth` rounded up to what a tile's loop does at once."""
    return -(-depth // _TAPS) * _TAPS


def can_join(weights: Array, bias: Array) -> bool:
    """Whether 256 times a sum of the second channel of each pair plus that of the first tells both.

    256 times a weight plus another must fit 16 bits, and sums, biases included, 24.
    """
    low, high = (_padded(weights, CHANNELS, weights.shape[1])[i::CHANNELS] for i in range(CHANNELS))
    return accumulator_bound(weights, bias) < _LARGEST_JOINED and not bool(((high == -128) & (low < 0)).any())


def pack_tile(weights: Array, joined: bool = False) -> Array:
    """[channels, taps] for tiles: a word holds two channels' weights for a pair of taps, `n,k n+1,k n,k+2 n+1,k+2`.

    With `joined`, two of these bytes are an int16, 256 times the second plus the first. Rows and taps that fill up are
    zero.
    """
    full = _padded(weights, CHANNELS, padded_depth(weights.shape[1]))
    # [channel pair, channel, four taps, pair of pairs (k or k+2), which pair (k or k+1)]
    split = full.reshape(len(full) // CHANNELS, CHANNELS, -1, 2, 2)
    return _joined(np.ascontiguousarray(split.transpose(0, 2, 4, 3, 1)), joined)


def window_order(weights: Array, rows: int) -> Array:
    """[channels, taps] of a window of `rows` in the order of widened taps: whole words of each row, then the rest."""
    split = weights.reshape(len(weights), rows, -1)
    words = split.shape[2] // 4 * 4
    parts = (split[:, :, :words], split[:, :, words:])
    return np.concatenate([part.reshape(len(weights), -1) for part in parts], axis=1)


def pack_rows(weights: Array, joined: bool) -> Array:
    """[channels, taps] for one column: for each four channels, four words for every four taps; then the taps left over.

    The words of channels n and n+1 are those of tiles, then come those of n+2 and n+3. Rows that fill up are zero.
    """
    full = _padded(weights, ROWS, weights.shape[1])
    fours = full.reshape(len(full) // ROWS, ROWS, -1)
    whole = weights.shape[1] // 4 * 4
    # [four channels, channel pair, channel, four taps, pair of pairs (k or k+2), which pair (k or k+1)]
    split = fours[:, :, :whole].reshape(len(fours), 2, 2, -1, 2, 2)
    words = _joined(np.ascontiguousarray(split.transpose(0, 3, 1, 5, 4, 2)), joined).reshape(len(fours), -1)
    rest = fours[:, :, whole:].transpose(0, 2, 1).reshape(len(fours), -1)
    return np.concatenate([words, rest], axis=1)


def _joined(packed: Array, joined: bool) -> Array:
    """With `joined`, pairs of bytes, one after the other in `packed`, become 256 times the second plus the first."""
    if joined:
        packed[..., 1] -= packed[..., 0] < 0
    return packed


def padded_bias(bias: Array, channels: int) -> Array:
    """`bias` with zeros up to a multiple of `channels`."""
    return np.pad(bias, (0, -len(bias) % channels))


def _padded(weights: Array, rows: int, depth: int) -> Array:
    return np.pad(weights, ((0, -weights.shape[0] % rows), (0, depth - weights.shape[1])))
