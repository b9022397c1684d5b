"""HARD_SWISH: float32, and TensorFlow Lite's 16-bit fixed point for int8."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, quantize_multiplier, rounding_shift_right
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.unary import Unary

_HIGH_BITS = 7  # codes are shifted left by so many bits to fill 16
_UNIT = np.float32(3) / np.float32(32768)  # where 3.0 is 32768


@dataclass(frozen=True, kw_only=True)
class HardSwish(Unary):
    """y = x * clamp(x + 3, 0, 6) / 6."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")

    def real(self, x: Array) -> Array:
        gate = x + np.float32(3)
        gate = np.where(gate < 0, np.float32(0), gate)
        gate = np.where(gate > 6, np.float32(6), gate)
        return np.asarray(x * gate / np.float32(6))

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        _, shift = _scaling(x, y.scale)
        require(shift <= 0, f"%{y.name} has scale {y.scale:g}, too small for %{x.name}")
        require(x.scale < 2**8, f"%{x.name} has scale {x.scale:g}; supported: below 256")

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        value = (q.astype(np.int64) - x.zero_point) << _HIGH_BITS
        value = (value + 32768) % 65536 - 32768  # TensorFlow Lite keeps 16 bits: codes beyond 256 apart wrap
        multiplier, shift = _scaling(x, y.scale)
        scaled = _times(value, multiplier)
        product = _gate(value, *_scaling(x, float(_UNIT))) * scaled
        shared = np.sign(product) * (np.abs(product) >> 15)
        result = rounding_shift_right(shared, -shift) + y.zero_point
        return np.asarray(np.clip(result, -128, 127).astype(np.int8))


def _scaling(x: Tensor, scale: float) -> tuple[int, int]:
    """A 16-bit multiplier and the shift to the left that bring shifted codes of `x` to `scale`."""
    ratio = np.float32(1 / 128) * np.float32(x.scale) / np.float32(scale)
    multiplier, shift = quantize_multiplier(float(ratio))
    return min((multiplier + (1 << 15)) >> 16, 32767), shift


def _times(value: Array, multiplier: int) -> Array:
    """A rounding doubling high multiplication of 16 bits: ties away from zero."""
    product = value * multiplier
    return np.asarray(np.sign(product) * ((np.abs(product) + (1 << 14) - (product < 0)) >> 15))


def _gate(value: Array, multiplier: int, shift: int) -> Array:
    """clamp(x + 3, 0, 6) / 6 with 15 bits of fraction."""
    if shift > 0:
        value = _saturated(value << min(shift - 1, 16))
    value = _times(value, multiplier)
    value = _saturated(value << 1) if shift > 0 else rounding_shift_right(value, -shift)
    return (value + (1 << 15)) >> 1


def _saturated(value: Array) -> Array:
    return np.asarray(np.clip(value, -32768, 32767))
