"""How accumulators become int8 outputs: the parameters of the prelude's `*_output_s8` functions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Multiplier, quantize_multiplier
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
class FloatOutput(Params):
    """A float scale for each channel."""

    c_name: ClassVar[str] = "float_output_s8"

    scale: Constant
    zero_point: int
    min: int
    max: int


Output = ChannelOutput | TensorOutput | FloatOutput

def output_of(x: Tensor, w: Tensor, y: Tensor, activation: Activation, rounding: str, channels: int) -> Output:
    """The output stage of a convolution or dense layer: the cheapest of the three that says the same."""
    low, high = clamp_range(activation, y)
    if rounding == "float":
        scales = np.broadcast_to(output_scales_float(x, w, y), channels).astype(np.float32)
        return FloatOutput(Constant(f"{y.name}_scale", scales), y.zero_point, low, high)
    scale = Multiplier.of(output_scales(x, w, y), rounding)
    shift = right_shift(scale.shift, rounding)
    if scale.multiplier.size == 1:
        return TensorOutput(int(scale.multiplier[0]), int(shift[0]), y.zero_point, low, high)
    multiplier = Constant(f"{y.name}_multiplier", scale.multiplier.astype(np.int32))
    return ChannelOutput(multiplier, Constant(f"{y.name}_shift", shift.astype(np.int8)), y.zero_point, low, high)


def tensor_output(scale: float, y: Tensor, activation: Activation, rounding: str) -> TensorOutput:
    """The output stage of an operator with one real `scale`."""
    return TensorOutput(*scaling_of(scale, rounding), y.zero_point, *clamp_range(activation, y))


def right_shift(shift: Array, rounding: str) -> Array:
    """The shift that the C code does: after the high multiply for `double`, of the whole product for `single`."""
    return 31 - shift if rounding == "single" else -shift


def scaling_of(scale: float, rounding: str) -> tuple[int, int]:
    """Multiplier and right shift of one real scale."""
    multiplier, shift = quantize_multiplier(scale, rounding)
    return multiplier, int(right_shift(np.array(shift), rounding))


def folded_bias(weights: Array, bias: Array | None, x: Tensor) -> Array:
    """bias - zero_point * sum(weights) for each channel of [channels, taps]: inputs then need no offset at all.

    Raises DoesNotFit when an accumulator could leave 32 bits.
    """
    plain = np.zeros(weights.shape[0], np.int64) if bias is None else bias.reshape(-1).astype(np.int64)
    folded = plain - x.zero_point * weights.astype(np.int64).sum(1)
    bound = int((np.abs(folded) + np.abs(weights.astype(np.int64)).sum(1) * 128).max())
    fit(bound < 2**31, f"an accumulator can reach {bound}, which needs more than 32 bits")
    return folded.astype(np.int32)
