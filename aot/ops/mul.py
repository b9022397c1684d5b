"""MUL: elementwise with broadcasting, int8, float32 or plain integers."""

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


@dataclass(frozen=True, kw_only=True)
class Mul(Op):
    """y = activation(a * b); int8: zero_y + (a - zero_a) * (b - zero_b) * scale_a * scale_b / scale_y."""

    scheme: ClassVar[Scheme] = OWN_RANGES

    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both inputs and the output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        require_types(graph, self, *((t, t, t) for t in ("int8", "float32", "int32", "int64")))
        a, b, y = self.operands(graph)
        require_shape(y, broadcast_shape(a, b))
        if y.dtype == "int8":
            require_quantized(a, b, y)
            require_activation(self.activation, y)
            # TensorFlow Lite refuses multipliers of 1 and more; with it, nothing leaves 32 bits.
            require(mul_scale(a, b, y) < 1, f"%{y.name} has a scale that is too small for the operands'")

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        if y.dtype != "int8":
            with np.errstate(all="ignore"):
                return (clamp_real(values[a.name] * values[b.name], self.activation),)
        left, right = (values[t.name].astype(np.int64) - t.zero_point for t in (a, b))
        scaled = requantize(left * right, Multiplier.of(mul_scale(a, b, y), rounding), rounding).reshape(y.shape)
        return (clamp(scaled + y.zero_point, self.activation, y),)


def mul_scale(a: Tensor, b: Tensor, y: Tensor) -> float:
    """The real scale of a product: float32 in TensorFlow Lite."""
    return float(np.float32(a.scale) * np.float32(b.scale) / np.float32(y.scale))
