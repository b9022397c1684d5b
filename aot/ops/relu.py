"""RELU and RELU6 as operators of their own, int8: they may change scale and zero point."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import (
    Activation,
    clamp,
    require_activation,
    require_operands,
    require_quantized,
    require_ratio,
    require_shape,
    require_types,
    rescale,
)


@dataclass(frozen=True, kw_only=True)
class Relu(Op):
    """y = clamp(zero_y + (x - zero_x) * scale_x / scale_y), from the code of 0 upwards."""

    function: ClassVar[Activation] = Activation.RELU

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("int8", "int8"))
        x, y = self.operands(graph)
        require_quantized(x, y)
        require_shape(y, x.shape)
        require_activation(self.function, y)
        require_ratio(x, y)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        ratio = float(np.float32(x.scale) / np.float32(y.scale))  # here TensorFlow Lite divides in float32
        scaled = rescale(values[x.name], x, ratio, rounding)
        return (clamp(scaled + y.zero_point, self.function, y),)


@dataclass(frozen=True, kw_only=True)
class Relu6(Relu):
    """The same, from the code of 0 to the code of 6."""

    function: ClassVar[Activation] = Activation.RELU6
