"""REVERSE_SEQUENCE: the first elements of each sequence of a batch in the opposite order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import require, require_moved, require_operands, require_shape


@dataclass(frozen=True, kw_only=True)
class ReverseSequence(Op):
    """y = x, with the first lengths[b] elements along `axis` turned around where `batch_axis` is at b.

    Lengths below 0 count as 0; those beyond the end, at which TensorFlow Lite stops, as all there is.
    """

    scheme: ClassVar[Scheme] = Scheme("shared", types=("int16",))  # LiteRT lacks int8

    axis: int
    batch_axis: int

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Input, lengths, output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        x, lengths, y = self.operands(graph)
        require_moved(x, y)
        require_shape(y, x.shape)
        axes = (self.axis, self.batch_axis)
        inside = all(0 <= axis < len(x.shape) for axis in axes) and self.axis != self.batch_axis
        require(inside, f"axes {axes} of {len(x.shape)} dimensions")
        require(lengths.dtype in ("int32", "int64"), f"%{lengths.name} is {lengths.dtype}; supported: int32, int64")
        require_shape(lengths, (x.shape[self.batch_axis],))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, lengths, _ = self.operands(graph)
        y = np.moveaxis(values[x.name], (self.batch_axis, self.axis), (0, 1)).copy()
        for sequence, length in zip(y, np.maximum(values[lengths.name], 0), strict=True):
            sequence[:length] = sequence[:length][::-1].copy()
        return (np.ascontiguousarray(np.moveaxis(y, (0, 1), (self.batch_axis, self.axis))),)
