"""How accumulators become outputs: the parameters of the prelude's `*_output_*` functions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Multiplier, reduced_multiplier
from aot.graph.interface import C_TYPES
from aot.graph.ir import Array, Tensor
from aot.kernels.call import Constant, Params, fit
from aot.ops.common import Activation, clamp_range
from aot.ops.dense import is_wide, output_scales, output_scales_float
from aot.ops.reals import real_range


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
class PairedOutput(Params):
    """A fixed-point scale for each channel, multiplier and shift side by side."""

    c_name: ClassVar[str] = "paired_output"

    scale: Constant
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
class ChannelOutputHalf(ChannelOutputAny):
    """The same for scales up to 1/2 that are rounded once: more than `requantize` can take, but not than SMMLA."""


@dataclass(frozen=True)
class TensorOutputHalf(TensorOutputAny):
    """The same for a scale up to 1/2 that is rounded once: more than `requantize` can take, but not than SMMLA."""


@dataclass(frozen=True)
class TensorOutputS16(TensorOutput):
    """The same for int16 outputs, any shift and any accumulator."""

    c_name: ClassVar[str] = "tensor_output_s16"


@dataclass(frozen=True)
class FloatOutput(Params):
    """A float scale for each channel."""

    c_name: ClassVar[str] = "float_output_s8"

    scale: Constant
    zero_point: int
    min: int
    max: int


@dataclass(frozen=True)
class ChannelOutputS16(ChannelOutput):
    """A fixed-point scale for each channel, of accumulators of 32 bits."""

    c_name: ClassVar[str] = "channel_output_s16"


@dataclass(frozen=True)
class RoundedOnceS16(ChannelOutput):
    """A scale of 15 bits for each channel, of accumulators of 32 bits, as multiplier and shift of `single` rounding."""

    c_name: ClassVar[str] = "rounded_once_s16"


@dataclass(frozen=True)
class WideOutputS16(Params):
    """A scale of 15 bits for each channel; accumulators may have 64 bits."""

    c_name: ClassVar[str] = "wide_output_s16"

    multiplier: Constant
    shift: Constant
    min: int
    max: int


@dataclass(frozen=True)
class RealOutput(Params):
    """Limits only."""

    c_name: ClassVar[str] = "output_f32"

    min: float
    max: float


Output = ChannelOutput | PairedOutput | TensorOutput | FloatOutput | WideOutputS16 | RealOutput

EASY_BOUND = 2**30  # accumulators below it leave the plain `requantize` room to round in 32 bits


def output_of(
    x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, activation: Activation, rounding: str, channels: int, bound: int
) -> Output:
    """The cheapest output stage that fits a convolution or dense layer whose accumulators stay within `bound`."""
    if y.dtype == "float32":
        return RealOutput(*real_range(activation))
    limits = clamp_range(activation, y)
    if rounding == "float" and y.dtype == "int8":
        scales = np.broadcast_to(output_scales_float(x, w, y), channels).astype(np.float32)
        return FloatOutput(Constant(f"{y.name}_scale", scales), y.zero_point, *limits)
    scale = Multiplier.of(output_scales(x, w, y), rounding)
    if y.dtype == "int16":
        return output_s16(scale, is_wide(x, b), y, limits, rounding, channels)
    if scale.multiplier.size == 1:
        return fixed_output(scale, y, limits, rounding, bound)
    shift = right_shift(scale, rounding)
    kinds = ChannelOutput, ChannelOutputHalf, ChannelOutputAny
    return kinds[_hardness(int(shift.min()), rounding, bound)](
        Constant(f"{y.name}_multiplier", scale.multiplier.astype(np.int32)),
        Constant(f"{y.name}_shift", shift.astype(np.int8)),
        y.zero_point,
        *limits,
    )


def output_s16(
    scale: Multiplier, wide: bool, y: Tensor, limits: tuple[int, int], rounding: str, channels: int
) -> Output:
    """The output stage of int16, after accumulators that TensorFlow Lite gives 64 bits (`wide`) or 32."""
    multiplier, shift = reduced_multiplier(scale) if wide else (scale.multiplier, right_shift(scale, rounding))
    number = np.int16 if wide else np.int32
    constants = (
        Constant(f"{y.name}_multiplier", np.broadcast_to(multiplier, channels).astype(number)),
        Constant(f"{y.name}_shift", np.broadcast_to(shift, channels).astype(np.int8)),
    )
    return WideOutputS16(*constants, *limits) if wide else ChannelOutputS16(*constants, y.zero_point, *limits)


def fixed_output(scale: Multiplier, y: Tensor, limits: tuple[int, int], rounding: str, bound: int = 0) -> TensorOutput:
    """The output stage with one scale, for accumulators within `bound`."""
    shift = int(right_shift(scale, rounding)[0])
    kinds = TensorOutput, TensorOutputHalf, TensorOutputAny
    kind = TensorOutputS16 if y.dtype == "int16" else kinds[_hardness(shift, rounding, bound)]
    return kind(int(scale.multiplier[0]), shift, y.zero_point, *limits)


def _hardness(shift: int, rounding: str, bound: int) -> int:
    """What accumulators within `bound` and shifts from `shift` on need: 0 the plain `requantize`, 1 SMMLA, 2 more."""
    if bound >= EASY_BOUND or shift < 0 or (shift == 0 and rounding != "single"):
        return 2
    return 1 if shift == 0 else 0


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


def accumulator_bound(weights: Array, bias: Array, largest: int = 128) -> int:
    """How large an accumulator can ever become, for [channels, taps] `weights` and inputs up to `largest`."""
    return int((np.abs(bias.astype(np.int64)) + np.abs(weights.astype(np.int64)).sum(1) * largest).max())


def folded_bias(weights: Array, bias: Array | None, x: Tensor, fold_zero: bool = True) -> tuple[Array, int]:
    """bias - zero_point * sum(weights) for each channel of [channels, taps]: inputs then need no offset at all.

    Also the bound on the size of any accumulator, at any time; of int64 where one can leave 32 bits. Reals stay apart:
    their bias is added last.
    """
    plain = np.zeros(weights.shape[0], weights.dtype if weights.dtype == np.float32 else np.int64)
    plain = plain if bias is None else bias.reshape(-1)
    if x.dtype == "float32":
        return plain, 0
    zero = x.zero_point if fold_zero else 0
    folded = plain.astype(np.int64) - zero * weights.astype(np.int64).sum(1)
    largest = -int(np.iinfo(x.dtype).min) + abs(x.zero_point - zero)
    bound = accumulator_bound(weights, folded, largest)
    fit(bound < 2**31 or x.dtype == "int16", f"an accumulator can reach {bound}, which needs more than 32 bits")
    return folded.astype(np.int32 if bound < 2**31 else np.int64), bound


def output_and_bias(
    x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, weights: Array, activation: Activation, rounding: str
) -> tuple[Output, Array]:
    """The output stage for [channels, taps] `weights`, and the bias with the input's zero point folded in."""
    bias, bound = folded_bias(weights, None if b is None else b.data, x)
    return output_of(x, w, b, y, activation, rounding, len(weights), bound), bias


def number_types(x: Tensor, bias: Array) -> dict[str, str]:
    """What templates print as the C types of elements, weights, one element in a sum, and sums; and their suffix."""
    if x.dtype == "float32":
        return {"type": "float", "weight": "float", "value": "float", "acc": "float", "suffix": "f32"}
    suffix = "s8" if x.dtype == "int8" else "s16"
    types = {"type": C_TYPES[x.dtype], "weight": "int8_t", "value": "int32_t", "suffix": suffix}
    return {**types, "acc": C_TYPES[bias.dtype.name]}
