"""Filters of zeros: their output is a constant, so their scale may be any that gives it.

Converters write absurd scales and biases for them, which would cost all channels of the layer the plain arithmetic.
"""

import numpy as np

from aot.fixedpoint import Multiplier, requantize
from aot.ir import Array, Tensor
from aot.kernels.call import Constant
from aot.kernels.output import (
    EASY_BOUND,
    ChannelOutput,
    ChannelOutputAny,
    Output,
    accumulator_bound,
    folded_bias,
    output_of,
)
from aot.ops.common import Activation
from aot.ops.dense import output_scales

_HALF = 1 << 30  # the multiplier that halves
_BITS = 8  # a settled bias is the output times 2^8


def output_and_bias(
    x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, weights: Array, activation: Activation, rounding: str
) -> tuple[Output, Array]:
    """The output stage for [channels, taps] `weights`, and the bias with the input's zero point folded in."""
    bias, bound = folded_bias(weights, None if b is None else b.data, x)
    output = output_of(x, w, b, y, activation, rounding, len(weights), bound)
    dead = ~weights.any(axis=1)
    if not isinstance(output, ChannelOutputAny) or not dead.any() or dead.all():
        return output, bias
    return _settled(output, bias, weights, Multiplier.of(output_scales(x, w, y), rounding), rounding)


def _settled(
    output: ChannelOutputAny, bias: Array, weights: Array, scale: Multiplier, rounding: str
) -> tuple[Output, Array]:
    """The dead channels' outputs, times 2^8, as their bias, and the scale that undoes it; exact in either rounding."""
    dead = ~weights.any(axis=1)
    constant = np.clip(
        requantize(bias, scale, rounding), output.min - output.zero_point, output.max - output.zero_point
    )
    multiplier = np.where(dead, _HALF, output.multiplier.data).astype(np.int32)
    shift = np.where(dead, _BITS - (2 if rounding == "single" else 1), output.shift.data).astype(np.int8)
    settled = np.where(dead, constant << _BITS, bias).astype(np.int32)
    easy = shift.min() > 0 and accumulator_bound(weights, settled) < EASY_BOUND
    result = (ChannelOutput if easy else ChannelOutputAny)(
        Constant(output.multiplier.name, multiplier),
        Constant(output.shift.name, shift),
        output.zero_point,
        output.min,
        output.max,
    )
    return result, settled
