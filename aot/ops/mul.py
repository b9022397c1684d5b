"""MUL, with broadcasting: int8, int16, float32 or plain integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Tensor
from aot.ops.binary import NUMBERS, Binary
from aot.ops.codes import in_reals, saturated
from aot.ops.common import QUANTIZED_TYPES, Activation, clamp, require, require_activation
from aot.ops.unary import require_codes


@dataclass(frozen=True, kw_only=True)
class Mul(Binary):
    """y = activation(a * b); quantized: zero_y + (a - zero_a) * (b - zero_b) * scale_a * scale_b / scale_y."""

    types: ClassVar[tuple[str, ...]] = ("int8", "int16", *NUMBERS)
    activation: Activation = Activation.NONE

    def fused(self) -> Activation:
        return self.activation

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        require_activation(self.activation, y)
        # TensorFlow Lite refuses multipliers of 1 and more; with it, nothing leaves 32 bits.
        require(mul_scale(a, b, y) < 1, f"%{y.name} has a scale that is too small for the operands'")

    def plain(self, a: Tensor, b: Tensor, y: Tensor) -> bool:
        return y.dtype not in QUANTIZED_TYPES

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        if rounding == "onnx" and graph[self.outputs[0]].dtype == "int8":
            return (self._joined(graph, values),)
        return self._evaluate(graph, values, rounding)

    def _joined(self, graph: Graph, values: Mapping[str, Array]) -> Array:
        """onnxruntime's QLinearMul: a float32 scale, and the zero point is added before half goes to even."""
        a, b, y = self.operands(graph)
        left, right = (values[t.name].astype(np.int64) - t.zero_point for t in (a, b))
        zero_point = np.float32(y.zero_point)
        codes = np.rint((left * right).astype(np.float32) * np.float32(mul_scale(a, b, y)) + zero_point)
        return clamp(saturated(codes - zero_point, y), self.activation, y, "onnx")

    @in_reals
    def _evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        if self.plain(a, b, y):
            return super().evaluate(graph, values, rounding)
        left, right = (values[t.name].astype(np.int64) - t.zero_point for t in (a, b))
        scaled = requantize(left * right, Multiplier.of(mul_scale(a, b, y), rounding), rounding).reshape(y.shape)
        return (clamp(scaled + y.zero_point, self.activation, y),)

    def combine(self, a: Array, b: Array) -> Array:
        return a * b


def mul_scale(a: Tensor, b: Tensor, y: Tensor) -> float:
    """The real scale of a product: float32 in TensorFlow Lite."""
    return float(np.float32(a.scale) * np.float32(b.scale) / np.float32(y.scale))
