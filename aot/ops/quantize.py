"""QUANTIZE: float32 -> int8, and int8 -> int8 of another scale or zero point."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import require_operands, require_quantized, require_ratio, require_shape, require_types, rescale


@dataclass(frozen=True, kw_only=True)
class Quantize(Op):
    """From float32, y = zero_y + round(x / scale_y), ties away from zero; from int8, (x - zero_x) requantized."""

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("float32", "int8"), ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(y)
        require_shape(y, x.shape)
        if x.dtype == "int8":
            require_quantized(x)
            require_ratio(x, y)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        if x.dtype == "float32":
            return (quantize_float(values[x.name], y.scale, y.zero_point),)
        scaled = rescale(values[x.name], x, x.scale / y.scale, rounding)
        return (np.clip(scaled + y.zero_point, -128, 127).astype(np.int8),)


def quantize_float(x: Array, scale: float, zero_point: int) -> Array:
    """float32 reals as int8. What is too large saturates; not-a-number becomes the lowest code."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = (x.astype(np.float32) / np.float32(scale)).astype(np.float64)
        rounded = np.trunc(ratio + np.copysign(0.5, ratio))
    inside: Array = np.clip(np.nan_to_num(rounded, nan=-np.inf), -128 - zero_point, 127 - zero_point)
    return (inside + zero_point).astype(np.int8)
