"""LOG_SOFTMAX over the last dimension: float32, and int8 in TensorFlow Lite's fixed point."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, rounding_doubling_high, rounding_shift_right
from aot.graph.ir import Graph, Scheme
from aot.ops.common import (
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
from aot.ops.softmax import ACCUMULATOR_SHIFT, LONGEST_ROW, distance_table, fixed_exp_table, reciprocal

_SCALE, _ZERO_POINT = 1 / 16, 127  # of an int8 output
_OUTPUT_SHIFT = 22  # from 26 bits of fraction to 4


@dataclass(frozen=True, kw_only=True)
class LogSoftmax(SingleInput):
    """y = x - max(x) - log(sum of exp(x - max(x))), over each row; int8: in 1/16, zero point 127."""

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(_SCALE, _ZERO_POINT), int16=(_SCALE, _ZERO_POINT))

    def ulps(self, graph: Graph) -> int:
        return 2 if graph[self.outputs[0]].dtype == "float32" else 0

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"), ("float32", "float32"))
        x, y = self.operands(graph)
        require_shape(y, x.shape)
        require(len(x.shape) >= 1, f"%{x.name} has no dimension")
        if x.dtype == "int8":
            require_quantized(x, y)
            require(x.shape[-1] <= LONGEST_ROW, f"rows of {x.shape[-1]} elements; supported: {LONGEST_ROW}")
            require(x.scale * 2**26 > 1, f"%{x.name} has scale {x.scale:g}, too small for a logarithm")
            require_fixed(y, _SCALE, _ZERO_POINT)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        if x.dtype == "float32":
            return (_real(values[x.name]),)
        q = values[x.name].astype(np.int64)
        distance = q.max(axis=-1, keepdims=True) - q
        e = fixed_exp_table(x.scale, 1.0)[distance]
        total = rounding_shift_right(e, ACCUMULATOR_SHIFT).sum(axis=-1, keepdims=True)
        exact = rounding_shift_right(distance_table(x.scale)[distance] - _log(total), _OUTPUT_SHIFT)
        return (np.clip(exact + _ZERO_POINT, -128, 127).astype(np.int8),)


def _real(x: Array) -> Array:
    with np.errstate(all="ignore"):  # what is not finite stays so
        below = x - np.maximum(x.max(axis=-1, keepdims=True), np.float32(-FLOAT_MAX))
        total = np.cumsum(exp_of_negative(below), axis=-1, dtype=np.float32)[..., -1:]
        return np.asarray(below - np.log(total.astype(np.float64)).astype(np.float32))


_SQRT_HALF, _FOURTH_ROOT_HALF = 1518500250, 1805811301  # these and what follows: with 31 bits of fraction
_LOG_2 = 1488522236
_NUMERATOR = 117049297  # 11/240 * 2**0.25
_DENOMINATOR = (1057819769, 127690142, 638450708)  # 2 / 2**0.25 - 2**0.25, 2**0.25 / 20, 2**0.25 / 4


def _log(x: Array) -> Array:
    """log(x) with 26 bits of fraction, for x >= 1 with 19.

    x is a power of two times r, with r around the fourth root of 1/2; log(r) is a quotient of polynomials.
    """
    headroom = 31 - np.frexp(x.astype(np.float64))[1].astype(np.int64)
    full = x << headroom
    below = np.minimum(rounding_doubling_high(full, _SQRT_HALF) * 2, (1 << 31) - 1)
    higher = rounding_doubling_high(x, _SQRT_HALF) << headroom >= 1 << 30
    r = np.minimum(below, np.where(higher, full, (1 << 31) - 1))
    power_below = (11 - headroom << 25) + (1 << 23)
    power = np.maximum(power_below, (np.where(higher, 12, 11) - headroom << 25) - (1 << 23))
    p, q = (r + _FOURTH_ROOT_HALF + 1) >> 1, (r - _FOURTH_ROOT_HALF) * 2
    square = rounding_doubling_high(q, q)
    numerator = rounding_doubling_high(q, r) + rounding_doubling_high(rounding_doubling_high(q, square), _NUMERATOR)
    inner = _DENOMINATOR[0] + q + rounding_doubling_high(square, _DENOMINATOR[1])
    denominator = rounding_doubling_high(p, inner) + rounding_doubling_high(q, _DENOMINATOR[2])
    quotient = rounding_doubling_high(rounding_shift_right(numerator, 6), reciprocal(denominator))
    return (rounding_doubling_high(power, _LOG_2) + quotient) * 2
