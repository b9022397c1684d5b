"""What the kernels for RISC-V's vectors share: channels in the lanes of vectors, as many as a core has.

Nothing is packed for one length of vectors: the weights of all channels lie side by side for each tap, and so do their
biases and scales. A loop asks VSETVLI how many of the channels that are left it computes at once.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.ir import Array
from aot.kernels.call import Constant, Params, Target, fit
from aot.kernels.common.output import output_of
from aot.ops.common import Activation
from aot.ops.dense import Operands

_LARGEST_PAIR = 255  # the sum of two neighbouring weights' absolutes: times 128, that fits 16 bits
TAPS_NOTE = "For each tap, the weights of all channels"


@dataclass(frozen=True)
class ChannelVectors(Params):
    """Biases and scales for each channel, as vectors take them.

    A scale is multiplier / 2^(31 + shift), or 2^(32 + shift) where outputs are rounded once.
    """

    c_name: ClassVar[str] = "channel_vectors"

    bias: Constant
    multiplier: Constant
    shift: Constant
    zero: int
    min: int
    max: int


def channel_vectors(operands: Operands, weights: Array, activation: Activation, target: Target) -> ChannelVectors:
    """Of a layer with [channels, taps] weights. Raises DoesNotFit where scales are more than a shift to the right."""
    y = operands[3]
    output, bias = output_of(operands, weights, activation, target)
    fit(bias.dtype == np.int32, "the sums need more than 32 bits")
    shift = _each(output.shift, len(bias))
    fit(int(shift.min()) > 0, "a scale is too large for a shift to the right alone")
    return ChannelVectors(
        Constant(f"{y.name}_bias", bias, "What the sums of each channel begin with"),
        Constant(f"{y.name}_multiplier", _each(output.multiplier, len(bias)), "Of each channel"),
        Constant(f"{y.name}_shift", shift, "Of each channel, to the right"),
        output.zero_point or 0,
        int(output.min),
        int(output.max),
    )


def _each(value: Constant | int | None, channels: int) -> Array:
    assert value is not None
    values = value.data if isinstance(value, Constant) else np.array(value)
    return np.ascontiguousarray(np.broadcast_to(values.astype(np.int32), channels))


def by_tap(weights: Array) -> Array:
    """[channels, taps] as [taps, channels], for taps two at a time: one of zeros follows an odd number.

    Raises DoesNotFit where the products of two taps may not fit 16 bits.
    """
    padded = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2)))
    pairs = np.abs(padded.astype(np.int32)).reshape(len(padded), -1, 2).sum(axis=2)
    fit(int(pairs.max()) <= _LARGEST_PAIR, "two neighbouring weights are -128")
    return np.ascontiguousarray(padded.T)
