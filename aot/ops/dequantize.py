"""DEQUANTIZE: int8 -> float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import require_operands, require_quantized, require_shape, require_types


@dataclass(frozen=True, kw_only=True)
class Dequantize(Op):
    """y = scale * (x - zero_point): one float32 product."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "float32"))
        x, y = self.operands(graph)
        require_quantized(x)
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        return ((values[x.name].astype(np.int32) - x.zero_point).astype(np.float32) * np.float32(x.scale),)
