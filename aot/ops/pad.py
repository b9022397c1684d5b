"""PAD with zero (the zero point, where the tensor is quantized), and PADV2 with any value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import (
    QUANTIZED_TYPES,
    SHARED_RANGE,
    require,
    require_moved,
    require_operands,
    require_quantized,
    require_shape,
)
from aot.ops.operands import SingleInput

Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Pad(SingleInput):
    """y = x with (before, after) elements of zero added along each dimension."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    pads: Pads

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        if y.dtype in QUANTIZED_TYPES:
            require_quantized(y)
        _require_padded(x, y, self.pads)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        return (np.pad(values[x.name], self.pads, constant_values=pad_value(y)),)


@dataclass(frozen=True, kw_only=True)
class PadV2(Op):
    """y = x with (before, after) elements of the second operand's one value added along each dimension."""

    scheme: ClassVar[Scheme] = SHARED_RANGE

    pads: Pads

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Input, value and output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        x, value, y = self.operands(graph)
        require(value.elements == 1, f"%{value.name} (the value to pad with) has {value.elements} elements")
        require_moved(value, y)
        _require_padded(x, y, self.pads)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, value, _ = self.operands(graph)
        return (np.pad(values[x.name], self.pads, constant_values=values[value.name].reshape(()).item()),)


def _require_padded(x: Tensor, y: Tensor, pads: Pads) -> None:
    """`y` is `x` with `pads` around it."""
    require_moved(x, y)
    require(len(pads) == len(x.shape), f"{len(pads)} paddings for {len(x.shape)} dimensions")
    require(all(min(p) >= 0 for p in pads), f"negative padding in {pads}")
    require_shape(y, tuple(size + sum(p) for size, p in zip(x.shape, pads, strict=True)))


def pad_value(y: Tensor) -> int:
    """What stands for zero in `y`."""
    return y.zero_point if y.dtype in QUANTIZED_TYPES else 0
