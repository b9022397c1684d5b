"""How accumulators become int8 outputs: the parameters of the prelude's `*_output_s8` functions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Multiplier
from aot.ir import Array, Tensor
from aot.kernels.call import Constant, Params, fit
from aot.ops.common import Activation, clamp_range, output_scales, output_scales_float


@dataclass(frozen=True)
class ChannelOutput(Params):
    """A fixed-point scale for each channel."""

    c_name: ClassVar[str] = "channel_output_s8"

    multiplier: Constant
    shift: Constant
    zero_point: int
    min: int
    max: int


@dataclass(frozen=True)
class TensorOutput(Params):
    """One fixed-point scale."""

    c_name: ClassVar[str] = "tensor_output_s8"

    multiplier: int
    shift: int
    zero_point: int
    min: int
    max: int


@dataclass(frozen=True)
class ChannelOutputAny(ChannelOutput):
    """The same for shifts of 0 or to the left, and for accumulators of more than 30 bits."""

    c_name: ClassVar[str] = "channel_output_any_s8"


@dataclass(frozen=True)
class TensorOutputAny(TensorOutput):
    """The same for shifts of 0 or to the left, and for accumulators of more than 30 bits."""

    c_name: ClassVar[str] = "tensor_output_any_s8"


@dataclass(frozen=True)
class FloatOutput(Params):
    """A float scale for each channel."""

    c_name: ClassVar[str] = "float_output_s8"

    scale: Constant
    zero_point: int
    min: int
    max: int


Output = ChannelOutput | TensorOutput | FloatOutput

EASY_BOUND = 2**30  # accumulators below it leave the plain `requantize` room to round in 32 bits


def output_of(
    x: Tensor, w: Tensor, y: Tensor, activation: Activation, rounding: str, channels: int, bound: int
) -> Output:
    """The cheapest output stage that fits a convolution or dense layer whose accumulators stay within `bound`."""
    limits = clamp_range(activation, y)
    if rounding == "float":
        scales = np.broadcast_to(output_scales_float(x, w, y), channels).astype(np.float32)
        return FloatOutput(Constant(f"{y.name}_scale", scales), y.zero_point, *limits)
    scale = Multiplier.of(output_scales(x, w, y), rounding)
    if scale.multiplier.size == 1:
        return fixed_output(scale, y, limits, rounding, bound)
    shift = right_shift(scale, rounding)
    easy = shift.min() > 0 and bound < EASY_BOUND
    return (ChannelOutput if easy else ChannelOutputAny)(
        Constant(f"{y.name}_multiplier", scale.multiplier.astype(np.int32)),
        Constant(f"{y.name}_shift", shift.astype(np.int8)),
        y.zero_point,
        *limits,
    )


def fixed_output(scale: Multiplier, y: Tensor, limits: tuple[int, int], rounding: str, bound: int = 0) -> TensorOutput:
    """The output stage with one scale, for accumulators within `bound`."""
    shift = int(right_shift(scale, rounding)[0])
    easy = shift > 0 and bound < EASY_BOUND
    return (TensorOutput if easy else TensorOutputAny)(int(scale.multiplier[0]), shift, y.zero_point, *limits)


def right_shift(scale: Multiplier, rounding: str) -> Array:
    """What the C code shifts by after the multiplication: from bit 31 of the product for `double`, 32 for `single`."""
    shift = -scale.shift - (1 if rounding == "single" else 0)
    return np.where(scale.multiplier == 0, 1, shift)  # of nothing, any shift will do


def scaling_of(scale: float, rounding: str) -> tuple[int, int, str]:
    """Multiplier and right shift of one real scale, and the cheapest function of the prelude that scales so."""
    fixed = Multiplier.of(scale, rounding)
    shift = int(right_shift(fixed, rounding)[0])
    whole = -1 if rounding == "single" else 0  # this shift keeps the rounded high half as it is
    function = "rounding_high" if shift == whole else "requantize" if shift > 0 else "requantize_any"
    return int(fixed.multiplier[0]), shift, function


def accumulator_bound(weights: Array, bias: Array) -> int:
    """How large an accumulator can ever become, for [channels, taps] `weights` and int8 inputs."""
    return int((np.abs(bias.astype(np.int64)) + np.abs(weights.astype(np.int64)).sum(1) * 128).max())


def folded_bias(weights: Array, bias: Array | None, x: Tensor) -> tuple[Array, int]:
    """bias - zero_point * sum(weights) for each channel of [channels, taps]: inputs then need no offset at all.

    Also the bound on the size of any accumulator, at any time. Raises DoesNotFit when one could leave 32 bits.
    """
    plain = np.zeros(weights.shape[0], np.int64) if bias is None else bias.reshape(-1).astype(np.int64)
    folded = plain - x.zero_point * weights.astype(np.int64).sum(1)
    bound = accumulator_bound(weights, folded)
    fit(bound < 2**31, f"an accumulator can reach {bound}, which needs more than 32 bits")
    return folded.astype(np.int32), bound
