"""ADD_N: the sum of any number of tensors of one shape, float32, int32 or int8."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import (
    Activation,
    clamp,
    require,
    require_operands,
    require_quantized,
    require_same_quant,
    require_shape,
)

_TYPES = ("float32", "int32", "int8")
_MOST_CODES = 16  # inputs of int8 whose sum fits 32 bits
SUM_BITS = 19  # bits of fraction that int8 sums get before they are brought to the output's scale


@dataclass(frozen=True, kw_only=True)
class AddN(Op):
    """y = x0 + x1 + ..., in this order; integers wrap.

    int8, as TensorFlow Lite Micro has it: zero_y + ((sum of (x - zero_x)) << 19) * scale_x / (scale_y << 19), where all
    inputs have one scale and zero point.
    """

    def operands(self, graph: Graph) -> tuple[tuple[Tensor, ...], Tensor]:
        """Inputs and output."""
        return tuple(graph[name] for name in self.inputs), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, len(self.inputs))
        require(len(self.inputs) >= 2, f"{len(self.inputs)} inputs; supported: 2 and more")
        xs, y = self.operands(graph)
        require(y.dtype in _TYPES, f"%{y.name} is {y.dtype}; supported: {', '.join(_TYPES)}")
        for x in xs:
            require(x.dtype == y.dtype, f"%{x.name} is {x.dtype} but %{y.name} is {y.dtype}")
            require_shape(x, xs[0].shape)
        require_shape(y, xs[0].shape)
        if y.dtype == "int8":
            require_quantized(*xs, y)
            for x in xs[1:]:
                require_same_quant(xs[0], x)
            require(len(xs) <= _MOST_CODES, f"{len(xs)} inputs of int8; supported: up to {_MOST_CODES}")
            require(sum_scale(xs[0], y) < 1, f"%{y.name} has a scale that is too small for the operands'")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        xs, y = self.operands(graph)
        if y.dtype == "int8":
            total = sum((values[x.name].astype(np.int64) - x.zero_point for x in xs), np.zeros(y.shape, np.int64))
            scale = Multiplier.of(sum_scale(xs[0], y), rounding)
            scaled = requantize(total << SUM_BITS, scale, rounding).reshape(y.shape)
            return (clamp(scaled + y.zero_point, Activation.NONE, y),)
        with np.errstate(all="ignore"):
            return (reduce(np.add, (values[x.name] for x in xs)),)


def sum_scale(x: Tensor, y: Tensor) -> float:
    """The real scale of an int8 sum."""
    return x.scale / ((1 << SUM_BITS) * y.scale)
