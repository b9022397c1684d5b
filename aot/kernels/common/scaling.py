"""Fixed-point scales of single values: multiplier, right shift, and the cheapest function of the prelude for them."""

from dataclasses import dataclass
from math import frexp

import numpy as np

from aot.graph.fixedpoint import Multiplier
from aot.graph.ir import Array
from aot.kernels.call import Target

LARGEST_SHIFT = 22  # the zero point times 2^shift, and the rounded product, then fit 32 bits together
NORMALIZED = 1 << 30  # multipliers are this at least, but for a scale of 0


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


def fast_scaling(scale: float, target: Target) -> tuple[int, int, str]:
    """`scaling_of`, for values below 2^30; what SMMLAR or SMMLA can do is left to them where the core has them."""
    multiplier, shift, function = scaling_of(scale, target.rounding)
    once = target.rounding == "single"
    if "dsp" not in target.features or multiplier < NORMALIZED or not (0 if once else 1) <= shift <= LARGEST_SHIFT:
        return multiplier, shift, function
    return (multiplier, shift + 1, "scale_single") if once else (multiplier, shift, "scale_double")


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
