"""SOFTMAX over the last dimension: float32, and int8 with exponentials from a table, in fixed point or in float32.

For int8, TensorFlow Lite has two definitions. Its reference kernel, TensorFlow Lite Micro and CMSIS-NN compute in fixed
point (gemmlowp's): that is ours for `double` and `single`. LiteRT's default interpreter computes in float32: `float`.
They differ by 1 beside ties.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import (
    Array,
    Multiplier,
    quantize_multiplier,
    requantize,
    rounding_doubling_high,
    rounding_shift_right,
)
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.common import (
    NEAR,
    Activation,
    clamp,
    exp_float32,
    fixed_scheme,
    require,
    require_fixed,
    require_operands,
    require_quantized,
    require_shape,
    require_types,
)
from aot.ops.operands import SingleInput
from aot.ops.reals import FLOAT_MAX, exp_of_negative
from aot.ops.unary import interpolated, require_codes, table_s16

ACCUMULATOR_SHIFT = 12  # sums of exponentials have 12 integer bits, 19 of fraction
LONGEST_ROW = (1 << ACCUMULATOR_SHIFT) - 1  # so many exponentials of at most 1 fit such a sum
_RESERVE = 5.0  # powers of e that onnxruntime leaves between the largest sum and the largest float32


@dataclass(frozen=True, kw_only=True)
class Softmax(SingleInput):
    """y = zero_y + round(e / (sum(e) * scale_y)), e = exp(-scale_x * beta * (max(x) - x)); scale_y is 1/256.

    An int16 output of int8 has scale 1/65536 and is computed in fixed point for every rounding. Of int16, scale_y is
    1/32768, and exponentials and the reciprocal of their sum come from interpolated tables.

    TensorFlow Lite has no other scale of int8; with one, all roundings are `onnx`.
    Rounding `float`: all in float32, the sum in order of the elements, `floor(e * (1 / (sum * scale_y)) + 0.5)`.
    Rounding `onnx`: onnxruntime's QLinearSoftmax, in float32 too, `rint(e * floor(1 / scale_y) / sum)`.
    float32: y = e / sum(e), e = exp(beta * (x - max(x))), the sum in order of the elements.
    """

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(1 / 256, -128), int16=(1 / 32768, 0))

    beta: float = 1.0

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"), ("int8", "int16"), ("int16", "int16"), ("float32", "float32"))
        x, y = self.operands(graph)
        require_shape(y, x.shape)
        require(len(x.shape) >= 1, f"%{x.name} has no dimension")
        require(0 < self.beta < 1e6, f"beta {self.beta}; supported: positive numbers below a million")
        if x.dtype == "int8":
            self._check_int8(x, y)
        if x.dtype == "int16":
            self._check_int16(x, y)

    def _check_int8(self, x: Tensor, y: Tensor) -> None:
        require_quantized(x, y)
        require(x.shape[-1] <= LONGEST_ROW, f"rows of {x.shape[-1]} elements; supported: {LONGEST_ROW}")
        if y.dtype == "int16":
            require_fixed(y, 1 / 65536, -32768, NEAR)
        else:
            require(y.scale <= 1, f"%{y.name} has scale {y.scale:g}; supported: up to 1")

    def _check_int16(self, x: Tensor, y: Tensor) -> None:
        require_codes(x, y)
        require(x.shape[-1] < 1 << 16, f"rows of {x.shape[-1]} elements; supported: below 65536")
        require_fixed(y, 1 / 32768, 0, NEAR)
        require(distance_scale(x.scale, self.beta) < 2**15, f"%{x.name} has scale {x.scale:g}, too large for softmax")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        if x.dtype == "float32":
            return (_real(values[x.name], self.beta),)
        q = values[x.name].astype(np.int64)
        if x.dtype == "int16":
            scale = Multiplier.of(distance_scale(x.scale, self.beta), rounding)
            return (shares_of(requantize(q - q.max(axis=-1, keepdims=True), scale, rounding).reshape(q.shape)),)
        distance = q.max(axis=-1, keepdims=True) - q
        if y.dtype == "int8" and (rounding == "onnx" or not in_usual_steps(y)):
            codes = _even(large_exp_table(x.scale * self.beta, x.shape[-1])[distance], share_factor(y))
        elif rounding == "float" and y.dtype == "int8":
            codes = _float(exp_table(x.scale, self.beta)[distance], y.scale)
        else:
            codes = _fixed(fixed_exp_table(x.scale, self.beta)[distance], 8 if y.dtype == "int8" else 16)
        return (clamp(codes + y.zero_point, Activation.NONE, y),)


def in_usual_steps(y: Tensor) -> bool:
    """Whether codes of int8 are 1/256, or nearly so, above -128."""
    return abs(y.scale * 256 - 1) <= NEAR and y.zero_point == -128


def _real(x: Array, beta: float) -> Array:
    with np.errstate(all="ignore"):  # what is not finite stays so
        below = x - np.maximum(x.max(axis=-1, keepdims=True), np.float32(-FLOAT_MAX))
        e = exp_of_negative(below * np.float32(beta))
        return np.asarray(e / np.cumsum(e, axis=-1, dtype=np.float32)[..., -1:])


def _float(e: Array, scale: float) -> Array:
    total = np.cumsum(e, axis=-1, dtype=np.float32)[..., -1:]  # unlike sum(), one addition after the other
    inverse = np.float32(1) / (total * np.float32(scale))
    return np.asarray(np.floor((e * inverse).astype(np.float64) + 0.5))


def _even(e: Array, factor: np.float32) -> Array:
    with np.errstate(over="ignore"):  # a row of one element has a share beyond all numbers
        shares = e * factor / np.cumsum(e, axis=-1, dtype=np.float32)[..., -1:]
    return np.asarray(np.minimum(np.rint(shares), np.float32(256)))


def share_factor(y: Tensor) -> np.float32:
    """How many steps of `y` are 1."""
    return np.float32(np.floor(np.float32(1) / np.float32(y.scale)))


def _fixed(e: Array, bits: int) -> Array:
    """Shares of the sum as integers of `bits` bits."""
    total = rounding_shift_right(e, ACCUMULATOR_SHIFT).sum(axis=-1, keepdims=True)
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    share = rounding_doubling_high(reciprocal((total << headroom) - (1 << 31)), e)
    return rounding_shift_right(share, ACCUMULATOR_SHIFT - headroom + 31 - bits)


def distance_scale(scale: float, beta: float) -> float:
    """What brings the distance from a row's maximum to 1/6553.5, the step of the table of exponentials."""
    return float(np.float32(scale) * np.float32(beta) / (10.0 / 65535.0))


def exp_table_s16() -> Array:
    """exp(x) for -10 <= x <= 0 with 15 bits of fraction, to be interpolated."""
    return table_s16(10 / 65535, 32767, 2 / 65535, np.exp, np.float64)


def reciprocal_table_s16() -> Array:
    """1 / (1 + x) for 0 <= x <= 1 with 15 bits of fraction, to be interpolated."""
    return table_s16(1 / 65535, -32768, 2 / 65535, lambda x: 1 / (1 + x), np.float64)


def shares_of(distance: Array) -> Array:
    """Softmax of int16, by the distances from each row's maximum in 1/6553.5."""
    e = interpolated(exp_table_s16(), np.clip(distance + 32767, -32768, 32767)).astype(np.int64)
    total = e.sum(axis=-1, keepdims=True)
    headroom = 31 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    rest = ((total << headroom) + (1 << 13) >> 14) - (3 << 15)
    inverse = interpolated(reciprocal_table_s16(), np.clip(rest, -32768, 32767)).astype(np.int64)
    shift = 30 - headroom
    return np.asarray(np.clip(e * inverse + (np.int64(1) << shift - 1) >> shift, 0, 32767).astype(np.int16))


def exp_table(scale: float, beta: float) -> Array:
    """exp(-scale * beta * i) for i = 0 ... 255 in float32: the weight of an element that is i below the maximum."""
    step = -np.float32(scale) * np.float32(beta)
    return np.array([exp_float32(float(step * np.float32(i))) for i in range(256)], np.float32)


def large_exp_table(scale: float, depth: int) -> Array:
    """The same, all of it multiplied so that the sum of `depth` elements is far above zero, and a number yet."""
    scale = float(np.float32(scale))
    room = max(0.0, math.log(float(np.float32(FLOAT_MAX) / np.float32(depth))) - _RESERVE) / scale
    with np.errstate(under="ignore"):
        return np.asarray(np.exp((room - np.arange(256)) * scale).astype(np.float32))


def fixed_exp_table(scale: float, beta: float) -> Array:
    """The same with 31 bits of fraction, int64; 0 where an element is too far below the maximum to count."""
    distances = distance_table(scale, beta)
    return np.asarray(np.where(distances > TOO_FAR, _exp_of_negative(np.maximum(distances, TOO_FAR + 1)), 0))


TOO_FAR = -1 << 31


def distance_table(scale: float, beta: float = 1.0) -> Array:
    """-scale * beta * i for i = 0 ... 255 with 26 bits of fraction, int64; beyond -31 it is TOO_FAR."""
    real = min(beta * scale * (1 << 26), (1 << 31) - 1.0)  # exponents have 5 integer bits and 26 of fraction
    multiplier, shift = quantize_multiplier(real)
    index = np.arange(256)
    farthest = np.floor(31.0 * 2.0 ** (26 - shift))
    counted = np.minimum(index, farthest).astype(np.int64)
    # A left shift and a rounding high multiply; to the right only for scales so small that every exponential is 1.
    scaled = (-counted << max(shift, 0)) * multiplier + (1 << 30) >> 31 - min(shift, 0)
    return np.asarray(np.where(index <= farthest, scaled, TOO_FAR))


def reciprocal(x: Array) -> Array:
    """1 / (1 + x) for 0 <= x < 1, both with 31 bits of fraction: three Newton-Raphson steps from a linear estimate."""
    half_denominator = (x + (1 << 31)) >> 1  # the mean of x and the largest number below 1, rounded up
    estimate = 1515870810 + rounding_doubling_high(half_denominator, -1010580540)  # 48/17 - 32/17 * d
    for _ in range(3):
        error = (1 << 29) - rounding_doubling_high(half_denominator, estimate)
        estimate = estimate + (rounding_doubling_high(estimate, error) << 2)
    return np.asarray(np.minimum(estimate << 1, (1 << 31) - 1))


# exp(-2**i) for i = -2 ... 4, with 31 bits of fraction.
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def _exp_of_negative(a: Array) -> Array:
    """exp(a) with 31 bits of fraction for -32 < a <= 0 with 26: a polynomial below 1/4, products for the other bits."""
    quarter = 1 << 24
    fraction = (a & (quarter - 1)) - quarter
    result = _exp_near_eighth(fraction << 5)
    remainder = fraction - a
    for bit, factor in enumerate(_EXP_OF_POWERS, start=24):
        result = np.where(remainder >> bit & 1, rounding_doubling_high(result, factor), result)
    return np.asarray(np.where(a == 0, (1 << 31) - 1, result))


def _exp_near_eighth(a: Array) -> Array:
    """exp(a) for -1/4 <= a < 0, all with 31 bits of fraction: the Taylor polynomial of degree 4 around -1/8."""
    x = a + (1 << 28)
    x2 = rounding_doubling_high(x, x)
    x3 = rounding_doubling_high(x2, x)
    x4_over_4 = rounding_shift_right(rounding_doubling_high(x2, x2), 2)
    third = rounding_doubling_high(x4_over_4 + x3, 715827883)
    exp_of_eighth = 1895147668
    return exp_of_eighth + rounding_doubling_high(x + rounding_shift_right(third + x2, 1), exp_of_eighth)
