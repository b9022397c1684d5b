"""The output stage of the DSP kernels: a few instructions where the scales allow it."""

from dataclasses import dataclass, replace
from math import frexp

import numpy as np

from aot.graph.interface import C_TYPES
from aot.graph.ir import Array, Tensor
from aot.kernels.call import Constant, Target
from aot.kernels.common.output import (
    ChannelOutput,
    ChannelOutputAny,
    ChannelOutputHalf,
    ChannelOutputS16,
    FloatOutput,
    Output,
    PairedOutput,
    RoundedOnceS16,
    TensorOutput,
    TensorOutputAny,
    TensorOutputHalf,
    TensorOutputS16,
    WideOutputS16,
    scaling_of,
)

_LARGEST_SHIFT = 22  # the zero point times 2^shift, and the rounded product, then fit 32 bits together
_NORMALIZED = 1 << 30  # multipliers are this at least, but for a scale of 0


@dataclass(frozen=True)
class Stage:
    """How a template prints it: `fast` is "fixed", "float", or empty where only the prelude's function will do.

    `scale` is "channel", "tensor" or "float", after what there is one of; `type` is that of outputs in C; `rounding`
    names the prelude's function: "double", "single", or "once", which is single for accumulators of 31 bits.
    """

    output: str
    type: str
    fast: str
    scale: str
    full_range: bool
    rounding: str


def stage_of(output: Output, target: Target, y: Tensor) -> Stage:
    """The stage for `output`, which makes `y`, on `target`."""
    limits = np.iinfo(y.dtype)
    full_range = (output.min, output.max) == (limits.min, limits.max)
    fast = "float" if isinstance(output, FloatOutput) and "fpu" in target.features else "fixed" * _is_easy(output)
    scale = "float" if fast == "float" else "channel" if isinstance(output, ChannelOutput) else "tensor"
    rounding = "once" if y.dtype == "int16" else "single" if target.rounding == "single" else "double"
    return Stage(output.c_name, C_TYPES[y.dtype], fast, scale, full_range, rounding)


def any_stage(output: Output, target: Target, y: Tensor) -> Stage:
    """The same for kernels that are also for cores without the DSP extension, and for other types than int8."""
    if "dsp" in target.features and isinstance(output, TensorOutput) and not isinstance(output, TensorOutputS16):
        return stage_of(output, target, y)
    return Stage(output.c_name, C_TYPES[y.dtype], "", "tensor", False, target.rounding)


@dataclass(frozen=True)
class OperandScale:
    """How an operand is brought to a common scale: q * 2^bits + offset, and that by `function` with the multiplier.

    Without a function, this is all.
    """

    bits: int
    offset: int
    multiplier: int | None
    shift: int | None
    function: str


def operand_scale(scale: float, bits: int, zero_point: int, target: Target) -> OperandScale:
    """For (q - zero_point) * 2^bits * scale. A power of two that leaves whole numbers is a matter of bits."""
    fraction, exponent = frexp(scale)
    if fraction == 0.5 and 0 <= bits + exponent - 1 <= bits:
        return OperandScale(bits + exponent - 1, -zero_point << (bits + exponent - 1), None, None, "")
    multiplier, shift, function = fast_scaling(scale, target)
    kept = None if function == "rounding_high" else shift
    return OperandScale(bits, -zero_point << bits, multiplier, kept, function)


def fast_scaling(scale: float, target: Target) -> tuple[int, int, str]:
    """`scaling_of`, for values below 2^30; what SMMLAR or SMMLA can do is left to them where the core has them."""
    multiplier, shift, function = scaling_of(scale, target.rounding)
    once = target.rounding == "single"
    if "dsp" not in target.features or multiplier < _NORMALIZED or not (0 if once else 1) <= shift <= _LARGEST_SHIFT:
        return multiplier, shift, function
    return (multiplier, shift + 1, "scale_single") if once else (multiplier, shift, "scale_double")


def fast_output(output: Output, bias: Array) -> Output:
    """`output`; where scales of 15 bits round once, and sums (of the type of `bias`) have 32 bits, as `single` does."""
    if not isinstance(output, WideOutputS16) or bias.dtype != np.int32:
        return output
    multiplier = output.multiplier.data.astype(np.int32) << 16
    shift = np.where(multiplier == 0, 17, output.shift.data) - 16
    if shift.min() < 1 or shift.max() > _LARGEST_SHIFT:
        return output
    constants = Constant(output.multiplier.name, multiplier), Constant(output.shift.name, shift.astype(np.int8))
    return RoundedOnceS16(*constants, 0, output.min, output.max)


def tiles_output(output: Output, stage: Stage) -> Output:
    """`output` as tiles of two channels read it: scales in pairs of multiplier and shift, for an even number."""
    if isinstance(output, FloatOutput) and stage.fast:
        return replace(
            output, scale=Constant(output.scale.name, np.pad(output.scale.data, (0, output.scale.data.size % 2)))
        )
    if not isinstance(output, ChannelOutput) or not stage.fast:
        return output
    factor = 1 if stage.rounding == "once" else 2
    multiplier = (output.multiplier.data.astype(np.int64) * factor).astype(np.int32)  # wraps, as the core does
    shift = output.shift.data.astype(np.int32) + (stage.rounding == "single")
    pairs = np.stack([multiplier, shift], axis=1)
    padded = np.pad(pairs, ((0, len(pairs) % 2), (0, 0)))
    name = output.shift.name.removesuffix("shift") + "scale"
    return PairedOutput(Constant(name, padded), output.zero_point, output.min, output.max)


def _is_easy(output: Output) -> bool:
    if isinstance(output, RoundedOnceS16):
        return True
    any_scale = isinstance(output, ChannelOutputAny | TensorOutputAny | ChannelOutputS16)
    if any_scale and not isinstance(output, ChannelOutputHalf | TensorOutputHalf):
        return False
    if isinstance(output, ChannelOutput):
        return bool(output.shift.data.max() <= _LARGEST_SHIFT and output.multiplier.data.min() >= _NORMALIZED)
    return isinstance(output, TensorOutput) and output.shift <= _LARGEST_SHIFT and output.multiplier >= _NORMALIZED
