"""LOGISTIC (sigmoid), int8: a table of 256 values computed in float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array, round_half_away
from aot.ir import Graph, Op, Tensor
from aot.ops.common import exp_float32, require, require_operands, require_quantized, require_shape, require_types


@dataclass(frozen=True, kw_only=True)
class Logistic(Op):
    """y = zero_y + round(1 / (1 + exp(-scale_x * (x - zero_x))) / scale_y), with y in 1/256 above zero_y = -128."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(x, y)
        require_shape(y, x.shape)
        require(
            y.scale == 1 / 256 and y.zero_point == -128,
            f"%{y.name} must have scale 1/256 and zero point -128; it has {y.quant}",
        )

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (logistic_table(x, y)[values[x.name].astype(np.int64) + 128],)


def logistic_table(x: Tensor, y: Tensor) -> Array:
    """The int8 output for each int8 input, from -128 upwards."""
    table = np.empty(256, np.int8)
    inverse = np.float32(1) / np.float32(y.scale)  # TensorFlow Lite multiplies by it
    for q in range(-128, 128):
        real = np.float32(x.scale) * np.float32(q - x.zero_point)
        probability = np.float32(1) / (np.float32(1) + exp_float32(-float(real)))
        table[q + 128] = min(round_half_away(float(probability * inverse)) + y.zero_point, 127)
    return table
