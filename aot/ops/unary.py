"""What operators on one tensor, element by element, share: types, tables of codes, and their three ways to be computed.

float32 and plain integers: `real`. int8: a table of 256 codes. int16: a table of 513 values with interpolation between
them, or a formula of the operator's own.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Scheme, Tensor
from aot.ops.codes import quantize_real, reals
from aot.ops.common import OWN_RANGES, require, require_operands, require_quantized, require_shape, require_types
from aot.ops.operands import SingleInput

Function = Callable[[Array], Array]  # float32 -> float32, element by element
STEP_BITS = 7  # an int16 table has an entry for every 128th code


@dataclass(frozen=True, kw_only=True)
class Unary(SingleInput):
    """y = f(x): subclasses say `real`, the types they take, and `codes` where a type is quantized.

    `float_ulps` bounds the distance between a core's float32 result and the interpreter's: 0 where only operations that
    IEEE 754 defines exactly are involved, more where the core's C library has a function of its own.
    """

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = ("float32",)
    float_ulps: ClassVar[int] = 0

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *((t, t) for t in self.types))
        x, y = self.operands(graph)
        require_shape(y, x.shape)
        if y.dtype in ("int8", "int16"):
            require_codes(x, y)
            self.check_codes(x, y)

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        """What a quantized type demands beyond sane scales."""

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        if y.dtype in ("int8", "int16"):
            if rounding == "onnx":
                with np.errstate(all="ignore"):
                    real = self.everywhere(reals(values[x.name], x.quantization))
                return (quantize_real(real, y, rounding),)
            return (self.codes(values[x.name], x, y, rounding),)
        with np.errstate(all="ignore"):
            return (np.asarray(self.real(values[x.name])),)

    def ulps(self, graph: Graph) -> int:
        return self.float_ulps if graph[self.outputs[0]].dtype == "float32" else 0

    @abstractmethod
    def real(self, x: Array) -> Array:
        """The function of float32 numbers or plain integers."""

    def everywhere(self, x: Array) -> Array:
        """The function of the reals that codes stand for, in steps that every core takes alike."""
        return self.real(x)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        """The function of quantized integers, where `types` has them."""
        raise TypeError(f"{self.kind} has no quantized form")


@dataclass(frozen=True, kw_only=True)
class Tabulated(Unary):
    """Functions whose quantized form TensorFlow Lite tabulates in float32."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16")

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        if y.dtype == "int8":
            return np.asarray(table_s8(x, y, lambda real: self.table(real, y))[q.astype(np.int64) + 128])
        return interpolated(self.table_s16(x, y), q)

    def table(self, real: Array, y: Tensor) -> Array:
        """What is tabulated; `y` for functions that need another value where they are not defined."""
        return self.real(real)

    def table_s16(self, x: Tensor, y: Tensor) -> Array:
        """The 513 entries of the int16 table."""
        return table_s16(x.scale, 0, y.scale, lambda real: self.table(real, y))


def require_codes(*tensors: Tensor) -> None:
    """Quantized per tensor; int16 also around zero."""
    require_quantized(*tensors)
    for tensor in tensors:
        symmetric = tensor.dtype != "int16" or tensor.zero_point == 0
        require(symmetric, f"%{tensor.name} is int16 with zero point {tensor.zero_point}; supported: 0")


def half_away(x: Array) -> Array:
    """float32 numbers rounded to whole ones, ties away from zero; in double."""
    wide = x.astype(np.float64)
    return np.asarray(np.trunc(wide + np.copysign(0.5, wide)))


def table_s8(x: Tensor, y: Tensor, function: Function) -> Array:
    """The int8 code of `function` for each int8 code, from -128 upwards; what is out of range saturates."""
    real = np.float32(x.scale) * (np.arange(-128, 128) - x.zero_point).astype(np.float32)
    with np.errstate(all="ignore"):
        scaled = function(real) * (np.float32(1) / np.float32(y.scale))  # TensorFlow Lite multiplies by the inverse
    return np.asarray(np.clip(half_away(scaled) + y.zero_point, -128, 127).astype(np.int8))


def table_s16(
    x_scale: float, x_zero: int, y_scale: float, function: Function, precision: DTypeLike = np.float32
) -> Array:
    """`function` at every 128th int16 code, each entry moved by half the error that interpolation makes midway.

    All is computed in this `precision`.
    """

    def real(value: float) -> Array:
        return np.asarray(value, precision)

    lowest, highest = (real(x_scale) * real(q - x_zero) for q in (-32768, 32767))
    step = (highest - lowest) / real(512)
    out_lowest, out_highest = (real(y_scale) * real(q) for q in (-32768, 32767))
    inverse = real(65536) / (out_highest - out_lowest)
    at = lowest + np.arange(513, dtype=precision) * step
    with np.errstate(all="ignore"):
        here = function(at) * inverse
        middle = half_away(function(at[:-1] + step / real(2)) * inverse).astype(precision)
        last = half_away(function(np.array([highest], precision)) * inverse)
        between = (here[1:] + half_away(here[:-1]).astype(precision)) / real(2)
        bias = half_away((half_away(between).astype(precision) - middle) / real(2))
        entries = np.concatenate([half_away(here[:-1]) - bias, last])
    return np.asarray(np.clip(np.nan_to_num(entries, nan=0.0), -32768, 32767).astype(np.int16))


def interpolated(table: Array, q: Array) -> Array:
    """Between the two entries of `table` beside each int16 code; differences of entries wrap at 16 bits."""
    q32 = q.astype(np.int32)
    index, offset = 256 + (q32 >> STEP_BITS), q32 & ((1 << STEP_BITS) - 1)
    slope = table[index + 1] - table[index]
    return np.asarray((table[index] + ((slope.astype(np.int32) * offset + 64) >> STEP_BITS)).astype(np.int16))
