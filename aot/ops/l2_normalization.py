"""L2_NORMALIZATION over the last dimension, float32."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import Activation, fixed_scheme, require, require_operands, require_shape, require_types
from aot.ops.reals import total

SMALLEST_NORM = 1e-6  # rows shorter than this are divided by it


@dataclass(frozen=True, kw_only=True)
class L2Normalization(Op):
    """y = x / max(sqrt(sum of x * x over its row), 1e-6), the sum in order of the elements."""

    scheme: ClassVar[Scheme] = fixed_scheme(int8=(1 / 128, 0), int16=(1 / 32768, 0))

    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, ("float32", "float32"))
        x, y = self.operands(graph)
        require(1 <= len(x.shape) <= 4, f"%{x.name} has {len(x.shape)} dimensions; supported: 1 to 4")
        require(self.activation is Activation.NONE, f"activation {self.activation}; supported: NONE")
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        value = values[x.name]
        with np.errstate(over="ignore", invalid="ignore"):
            squares = value * value
            norm = np.sqrt(total(np.moveaxis(squares, -1, 0), squares.shape[:-1]))
            smallest = np.float32(SMALLEST_NORM)
            return (np.asarray(value / np.where(norm < smallest, smallest, norm)[..., None]),)
