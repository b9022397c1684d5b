"""SOFTMAX over the last dimension, int8: a float32 table of exponentials and float32 arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import exp_float32, require, require_operands, require_quantized, require_shape, require_types


@dataclass(frozen=True, kw_only=True)
class Softmax(Op):
    """y = round(e / (sum(e) * scale_y) + zero_y), e = exp(-scale_x * beta * (max(x) - x)), all in float32.

    The sum runs in order of the elements; the rounding is to nearest even; scale_y is 1/256 and zero_y is -128.
    """

    beta: float = 1.0

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(x, y)
        require_shape(y, x.shape)
        require(len(x.shape) >= 1, f"%{x.name} has no dimension")
        require(0 < self.beta < 1e6, f"beta {self.beta}; supported: positive numbers below a million")
        require(
            y.scale == 1 / 256 and y.zero_point == -128,
            f"%{y.name} must have scale 1/256 and zero point -128; it has {y.quant}",
        )

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        q = values[x.name].astype(np.int64)
        e = exp_table(x.scale, self.beta)[q.max(axis=-1, keepdims=True) - q]
        total = np.cumsum(e, axis=-1, dtype=np.float32)[..., -1:]  # unlike sum(), one addition after the other
        inverse = np.float32(1) / (total * np.float32(y.scale))
        return (np.clip(np.rint(e * inverse + np.float32(y.zero_point)), -128, 127).astype(np.int8),)


def exp_table(scale: float, beta: float) -> Array:
    """exp(-scale * beta * i) for i = 0 ... 255 in float32: the weight of an element that is i below the maximum."""
    step = -np.float32(scale) * np.float32(beta)
    return np.array([exp_float32(float(step * np.float32(i))) for i in range(256)], np.float32)
