"""PAD with zero (the zero point, where the tensor is quantized)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.common import QUANTIZED_TYPES, require, require_moved, require_operands, require_quantized, require_shape


@dataclass(frozen=True, kw_only=True)
class Pad(Op):
    """y = x with (before, after) elements of zero added along each dimension."""

    pads: tuple[tuple[int, int], ...]

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor]:
        """Input and output."""
        return graph[self.inputs[0]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        require_moved(x, y)
        if y.dtype in QUANTIZED_TYPES:
            require_quantized(y)
        require(len(self.pads) == len(x.shape), f"{len(self.pads)} paddings for {len(x.shape)} dimensions")
        require(all(min(p) >= 0 for p in self.pads), f"negative padding in {self.pads}")
        require_shape(y, tuple(size + sum(p) for size, p in zip(x.shape, self.pads, strict=True)))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (np.pad(values[x.name], self.pads, constant_values=pad_value(y)),)


def pad_value(y: Tensor) -> int:
    """What stands for zero in `y`."""
    return y.zero_point if y.dtype in QUANTIZED_TYPES else 0
