"""What the kernels for cores with the DSP extension share: how weights are packed for SMLAD, two products at once.

SXTB16 widens bytes 0 and 2 of a word to a pair of halfwords, with a rotation bytes 1 and 3. So four taps k to k+3
become the pairs (k, k+2) and (k+1, k+3), and weights are packed to match.
"""

import numpy as np

from aot.ir import Array, Tensor
from aot.kernels.call import fit

CHANNELS = 2  # computed together in a tile
COLUMNS = 4  # computed together in a tile
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


def pack_tile(weights: Array) -> Array:
    """[channels, taps] for tiles: a word holds two channels' weights for a pair of taps, `n,k n+1,k n,k+2 n+1,k+2`.

    Rows and taps that fill up are zero.
    """
    full = _padded(weights, CHANNELS, padded_depth(weights.shape[1]))
    # [channel pair, channel, four taps, pair of pairs (k or k+2), which pair (k or k+1)]
    split = full.reshape(len(full) // CHANNELS, CHANNELS, -1, 2, 2)
    return np.ascontiguousarray(split.transpose(0, 2, 4, 3, 1))


def pack_rows(weights: Array) -> Array:
    """[channels, taps] for one column: four taps of four channels in turn. Rows and taps that fill up are zero."""
    full = _padded(weights, ROWS, -(-weights.shape[1] // 4) * 4)
    return np.ascontiguousarray(full.reshape(len(full) // ROWS, ROWS, -1, 4).transpose(0, 2, 1, 3))


def padded_bias(bias: Array, channels: int) -> Array:
    """`bias` with zeros up to a multiple of `channels`."""
    return np.pad(bias, (0, -len(bias) % channels))


def _padded(weights: Array, rows: int, depth: int) -> Array:
    return np.pad(weights, ((0, -weights.shape[0] % rows), (0, depth - weights.shape[1])))
