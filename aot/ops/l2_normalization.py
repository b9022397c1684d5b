"""L2_NORMALIZATION over the last dimension, float32 and int8."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Scheme
from aot.ops.common import (
    Activation,
    fixed_scheme,
    require,
    require_fixed,
    require_operands,
    require_quantized,
    require_shape,
    require_types,
)
from aot.ops.operands import SingleInput
from aot.ops.reals import total
from aot.ops.roots import inverse_root

LONGEST_ROW = 1 << 15  # so many squares fit 32 bits
_FRACTION = 7  # bits of an int8 result
SMALLEST_NORM = 1e-6  # rows shorter than this are divided by it


@dataclass(frozen=True, kw_only=True)
class L2Normalization(SingleInput):
    """y = x / max(sqrt(sum of x * x over its row), 1e-6), the sum in order of the elements.

    int8: (x - zero_x) times the reciprocal root of the sum of its squares, in fixed point; scale_y is 1/128.
    """

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(1 / 128, 0), int16=(1 / 32768, 0))

    activation: Activation = Activation.NONE

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("float32", "float32"), ("int8", "int8"))
        x, y = self.operands(graph)
        require(len(x.shape) > 0, f"%{x.name} is a scalar; supported: 1 to 6 dimensions")
        require(self.activation is Activation.NONE, f"activation {self.activation}; supported: NONE")
        require_shape(y, x.shape)
        if y.dtype == "int8":
            require_quantized(x, y)
            require(x.shape[-1] <= LONGEST_ROW, f"rows of {x.shape[-1]} elements; supported: {LONGEST_ROW}")
            require_fixed(y, 1 / 128, 0)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        value = values[x.name]
        if x.dtype == "int8":
            return (_codes(value.astype(np.int64) - x.zero_point, rounding),)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = value * value
            norm = np.sqrt(total(np.moveaxis(squares, -1, 0), squares.shape[:-1]))
            smallest = np.float32(SMALLEST_NORM)
            return (np.asarray(value / np.where(norm < smallest, smallest, norm)[..., None]),)


def _codes(value: Array, rounding: str) -> Array:
    """Rows of int8 codes less their zero point, each divided by its length, in 1/128."""
    rows = value.reshape(-1, value.shape[-1])
    scaled = np.empty_like(rows)
    for row, result in zip(rows, scaled, strict=True):
        multiplier, shift = inverse_root(int(np.sum(row * row)))
        scale = Multiplier(np.array([multiplier], np.int64), np.array([_FRACTION - shift], np.int64))
        result[:] = requantize(row, scale, rounding)
    return np.clip(scaled, -128, 127).astype(np.int8).reshape(value.shape)
