"""ADD and SUB: elementwise with broadcasting, int8, float32 or plain integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Array, Multiplier, requantize
from aot.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import (
    OWN_RANGES,
    Activation,
    broadcast_shape,
    clamp,
    clamp_real,
    require,
    require_activation,
    require_operands,
    require_quantized,
    require_shape,
    require_types,
)

LEFT_SHIFT = 20  # the fraction bits that both operands get before they are brought to a common scale


@dataclass(frozen=True, kw_only=True)
class Add(Op):
    """y = activation(a + b).

    int8: both operands, shifted left by 20, are brought to twice the larger of their scales; the sum to the output's:
    y = zero_y + (((a - zero_a) << 20) * ratio_a + ((b - zero_b) << 20) * ratio_b) * ratio_y, three requantizations.
    """

    scheme: ClassVar[Scheme] = OWN_RANGES

    activation: Activation = Activation.NONE
    sign: ClassVar[int] = 1  # of the second operand

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both inputs and the output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        require_types(graph, self, *((t, t, t) for t in ("int8", "float32", "int32", "int64")))
        a, b, y = self.operands(graph)
        require_shape(y, broadcast_shape(a, b))
        if y.dtype != "int8":
            return
        require_quantized(a, b, y)
        require_activation(self.activation, y)
        # TensorFlow Lite refuses this too; with it, no intermediate value can leave 32 bits.
        require(add_scales(a, b, y)[2] < 1, f"%{y.name} has a scale that is too small for the operands'")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        if y.dtype != "int8":
            with np.errstate(all="ignore"):
                total = values[a.name] + values[b.name] if self.sign > 0 else values[a.name] - values[b.name]
            return (clamp_real(np.asarray(total), self.activation),)
        ratio_a, ratio_b, ratio_y = (Multiplier.of(s, rounding) for s in add_scales(a, b, y))
        left = requantize((values[a.name].astype(np.int64) - a.zero_point) << LEFT_SHIFT, ratio_a, rounding)
        right = requantize((values[b.name].astype(np.int64) - b.zero_point) << LEFT_SHIFT, ratio_b, rounding)
        total = requantize(left + self.sign * right, ratio_y, rounding).reshape(y.shape)
        return (clamp(total + y.zero_point, self.activation, y),)


@dataclass(frozen=True, kw_only=True)
class Sub(Add):
    """y = activation(a - b), as `Add` does it."""

    sign: ClassVar[int] = -1


def add_scales(a: Tensor, b: Tensor, y: Tensor) -> tuple[float, float, float]:
    """The real scales of the three requantizations: of `a`, of `b`, of their sum."""
    twice_larger = 2 * max(a.scale, b.scale)
    return a.scale / twice_larger, b.scale / twice_larger, twice_larger / ((1 << LEFT_SHIFT) * y.scale)
