"""How accumulators become outputs: decided once for a layer, and printed from one record."""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import Multiplier, reduced_multiplier
from aot.graph.ir import Array, Tensor
from aot.kernels.call import Constant, Params, Target
from aot.kernels.common.accumulators import folded_bias
from aot.kernels.common.scaling import LARGEST_SHIFT, NORMALIZED, right_shift
from aot.ops.common import Activation, clamp_range
from aot.ops.dense import (
    Operands,
    Requantization,
    output_scales,
    output_scales_float,
    output_scales_optimized,
    requantization,
)
from aot.ops.reals import real_range

EXACT_BOUND = 2**24  # accumulators up to it are float32 numbers
EASY_BOUND = 2**30  # accumulators below it leave the plain `requantize` room to round in 32 bits
_LONGEST_SHIFT = 31  # of a product's high half
WIDEST = 2**31  # the bound of accumulators of which nothing else is known
_REALS = "For each channel, its scale: what a step of its sums is in steps of the output"
_PAIRS = "For each channel, {multiplier, shift}: its scale is multiplier / 2^(32 + shift), the multiplier unsigned"
_PLAIN, _HALF, _ANY = range(3)  # how hard a scale is

Limits = tuple[int, int]


@dataclass(frozen=True)
class Stage:
    """What a template prints: a call of the prelude's function `output`, or a few instructions where it is `fast`.

    `type` is that of outputs in C. `fast` is "fixed", "float", or empty where only the function will do; with it,
    `scale` is what there is one of, a "channel", a "tensor", or a "float" for each channel; `full_range` tells whether
    outputs are limited by their type alone; `rounding` names the prelude's function: "double", "single", or "once",
    which is single for accumulators of 31 bits.
    """

    output: str
    type: str
    fast: str = ""
    scale: str = ""
    full_range: bool = False
    rounding: str = ""


@dataclass(frozen=True)
class Output(Params):
    """The output stage of a layer: how it is printed, and the members of its struct.

    Fixed-point scales are a multiplier and a right shift, of all channels or arrays of each; `packed` names the struct
    of scales that lie otherwise than the function of `stage` reads them.
    """

    stage: Stage
    multiplier: Constant | int | None
    shift: Constant | int | None
    scale: Constant | None
    zero_point: int | None
    min: float
    max: float
    packed: str = ""

    @property
    def c_name(self) -> str:
        return self.packed or self.stage.output

    def for_tiles(self) -> "Output":
        """As tiles of two channels read it: pairs of multiplier and shift, or floats, for an even number of them."""
        if self.stage.fast == "float" and self.scale is not None:
            floats = self.scale.data
            padded = np.pad(floats, (0, floats.size % 2))
            return replace(self, scale=Constant(self.scale.name, padded, self.scale.note))
        if not self.stage.fast or not isinstance(self.multiplier, Constant) or not isinstance(self.shift, Constant):
            return self
        pairs = _pairs(self.multiplier.data, self.shift.data, self.stage.rounding)
        scale = Constant(self.shift.name.removesuffix("shift") + "scale", pairs, _PAIRS)
        return replace(self, multiplier=None, shift=None, scale=scale, packed="paired_output")


def _pairs(multiplier: Array, shift: Array, rounding: str) -> Array:
    """Multiplier and shift side by side, as tiles take them."""
    factor = 1 if rounding == "once" else 2
    doubled = (multiplier.astype(np.int64) * factor).astype(np.int32)  # wraps, as the core does
    pairs = np.stack([doubled, shift.astype(np.int32) + (rounding == "single")], axis=1)
    return np.pad(pairs, ((0, len(pairs) % 2), (0, 0)))


def output_of(
    operands: Operands, weights: Array, activation: Activation, target: Target, fold_zero: bool = True
) -> tuple[Output, Array]:
    """The cheapest output stage of a layer with these [channels, taps] weights; and the bias that its sums begin with.

    The input's zero point is folded into the bias, unless it is not to be.
    """
    x, _, b, y = operands
    bias, bound = folded_bias(weights, None if b is None else b.data, x, fold_zero)
    if y.dtype == "float32":
        return real_output(activation), bias
    return _integer_output(operands, bias, bound, clamp_range(activation, y, target.rounding), target), bias


def _integer_output(operands: Operands, bias: Array, bound: int, limits: Limits, target: Target) -> Output:
    x, w, _, y = operands
    channels = len(bias)
    match requantization(*operands, target.rounding):
        case Requantization.FLOAT:
            return float_output(output_scales_float(x, w, y), y, limits, target, channels, bound)
        case Requantization.REAL:
            return _double_output(output_scales(x, w, y), y, limits, channels)
        case Requantization.UPWARDS:
            return _upwards_output(Multiplier.of(output_scales_optimized(x, w, y)), y, limits, channels)
        case Requantization.WIDE:
            scale = Multiplier.of(output_scales(x, w, y))
            return _rounded_once(scale, y, limits, bias) or wide_output(scale, y, limits, channels)
        case Requantization.FIXED:
            scale = Multiplier.of(output_scales(x, w, y), target.rounding)
            if y.dtype == "int8":
                return fixed_output(scale, y, limits, target, bound)
            return _channel_output(scale, y, limits, target, bound, channels)


def real_output(activation: Activation) -> Output:
    """Limits only."""
    return Output(Stage("output_f32", "float"), None, None, None, None, *real_range(activation))


def fixed_output(scale: Multiplier, y: Tensor, limits: Limits, target: Target, bound: int = 0) -> Output:
    """With one scale, or one for each channel, for accumulators within `bound`."""
    if scale.multiplier.size > 1:
        return _channel_output(scale, y, limits, target, bound, scale.multiplier.size)
    shift = right_shift(scale, target.rounding)
    stage = _fixed_stage("tensor", scale, y, limits, target, bound)
    return Output(stage, int(scale.multiplier[0]), int(shift[0]), None, y.zero_point, *limits)


def _channel_output(scale: Multiplier, y: Tensor, limits: Limits, target: Target, bound: int, channels: int) -> Output:
    stage = _fixed_stage("channel", scale, y, limits, target, bound)
    shift, bits = right_shift(scale, target.rounding), 32 if target.rounding == "single" else 31
    constants = _scales(y, scale.multiplier, shift, channels, np.int32, f"2^({bits} + shift)")
    return Output(stage, *constants, None, y.zero_point, *limits)


def wide_output(scale: Multiplier, y: Tensor, limits: Limits, channels: int) -> Output:
    """int16 of accumulators that may have 64 bits: scales of 15 bits."""
    constants = _scales(y, *reduced_multiplier(scale), channels, np.int16, "2^shift")
    return Output(Stage("wide_output_s16", C_TYPES[y.dtype]), *constants, None, None, *limits)


def _rounded_once(scale: Multiplier, y: Tensor, limits: Limits, bias: Array) -> Output | None:
    """The same of sums of 32 bits, as `bias` has, in multiplier and shift of `single` rounding, where these exist."""
    reduced, right = reduced_multiplier(scale)
    multiplier = reduced.astype(np.int32) << 16
    shift = np.where(multiplier == 0, 17, right) - 16
    if bias.dtype != np.int32 or shift.min() < 1 or shift.max() > LARGEST_SHIFT:
        return None
    stage = _inlined(Stage("rounded_once_s16", C_TYPES[y.dtype]), "channel", "once", y, limits)
    return Output(stage, *_scales(y, multiplier, shift, len(bias), np.int32, "2^(32 + shift)"), None, 0, *limits)


def _upwards_output(scale: Multiplier, y: Tensor, limits: Limits, channels: int) -> Output:
    """int16 of sums of 32 bits, rounded twice, the second time ties upwards."""
    constants = _scales(y, scale.multiplier, -scale.shift, channels, np.int32, "2^(31 + shift)")
    return Output(Stage("upwards_output_s16", C_TYPES[y.dtype]), *constants, None, None, *limits)


def _double_output(scales: Array, y: Tensor, limits: Limits, channels: int) -> Output:
    """int16 of any sums: a scale of double precision for each channel."""
    constant = Constant(f"{y.name}_scale", np.broadcast_to(scales, channels).astype(np.float64), _REALS)
    return Output(Stage("real_output_s16", C_TYPES[y.dtype]), None, None, constant, None, *limits)


def float_output(scales: Array, y: Tensor, limits: Limits, target: Target, channels: int, bound: int) -> Output:
    """A float scale for each channel, for accumulators within `bound`; in integers where the core has no FPU."""
    floats = np.broadcast_to(scales, channels).astype(np.float32)
    if "fpu" not in target.features and y.dtype == "int8" and bound <= EXACT_BOUND:
        shift = -np.frexp(floats)[1]
        if shift.min() >= 1 and shift.max() <= _LONGEST_SHIFT:
            return _thrice_output(floats, shift, y, limits)
    stage = Stage(f"float_output_{'s8' if y.dtype == 'int8' else 's16'}", C_TYPES[y.dtype])
    if {"dsp", "fpu"} <= target.features:
        stage = replace(stage, fast="float", scale="float", full_range=_full_range(y, limits), rounding="double")
    return Output(stage, None, None, Constant(f"{y.name}_scale", floats, _REALS), y.zero_point, *limits)


def _thrice_output(scales: Array, shift: Array, y: Tensor, limits: Limits) -> Output:
    """A float scale for each channel as an integer with all its bits, and what to shift by."""
    multiplier = np.ldexp(scales.astype(np.float64), 32 + shift)
    constants = _scales(y, multiplier, shift, scales.size, np.uint32, "2^(32 + shift)")
    return Output(Stage("thrice_output_s8", C_TYPES[y.dtype]), *constants, None, y.zero_point, *limits)


def _scales(
    y: Tensor, multiplier: Array, shift: Array, channels: int, number: type[np.integer], divisor: str
) -> tuple[Constant, Constant]:
    """A scale for each channel: multiplier / `divisor`."""
    multipliers, shifts = np.broadcast_to(multiplier, channels).astype(number), np.broadcast_to(shift, channels)
    return (
        Constant(
            f"{y.name}_multiplier",
            multipliers,
            f"For each channel, the multiplier of its scale, multiplier / {divisor}",
        ),
        Constant(
            f"{y.name}_shift",
            shifts.astype(np.int8),
            f"For each channel, the shift of its scale, multiplier / {divisor}",
        ),
    )


def _fixed_stage(per: str, scale: Multiplier, y: Tensor, limits: Limits, target: Target, bound: int) -> Stage:
    """For a scale per channel or tensor."""
    shift = right_shift(scale, target.rounding)
    if y.dtype == "int16":  # whose function takes any scale and any accumulator
        return Stage(f"{per}_output_s16", C_TYPES[y.dtype])
    hardness = _hardness(int(shift.min()), target.rounding, bound)
    stage = Stage(f"{per}_output_s8" if hardness == _PLAIN else f"{per}_output_any_s8", C_TYPES[y.dtype])
    easy = hardness < _ANY and shift.max() <= LARGEST_SHIFT and scale.multiplier.min() >= NORMALIZED
    rounding = "single" if target.rounding == "single" else "double"
    return _inlined(stage, per, rounding, y, limits) if easy else stage


def _hardness(shift: int, rounding: str, bound: int) -> int:
    """What accumulators within `bound` and shifts from `shift` on need: the plain `requantize`, SMMLA, or more."""
    if bound >= EASY_BOUND or shift < 0 or (shift == 0 and rounding != "single"):
        return _ANY
    return _HALF if shift == 0 else _PLAIN


def _inlined(stage: Stage, per: str, rounding: str, y: Tensor, limits: Limits) -> Stage:
    """`stage` as a few instructions."""
    return replace(stage, fast="fixed", scale=per, full_range=_full_range(y, limits), rounding=rounding)


def _full_range(y: Tensor, limits: Limits) -> bool:
    """Whether the type alone limits outputs so."""
    info = np.iinfo(y.dtype)
    return limits == (info.min, info.max)
