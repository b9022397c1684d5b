"""Layer, instance, group and RMS normalization, which a .tflite file only has as many operators. float32."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require, require_operands, require_shape
from aot.ops.reals import total
from aot.ops.sequence import require_constant, require_real


@dataclass(frozen=True, kw_only=True)
class Normalize(Op):
    """y = (x - mean) / sqrt(variance + epsilon) * scale + bias; unless `centred`, no mean is subtracted.

    The last dimension of x is shared out to `groups`. Mean and variance are those of all that the first `batch_dims`
    dimensions and the group have in common; scale and bias, which may be left out, are those of the last dimension.
    So the layer's normalization has as many `batch_dims` as x has dimensions but the last, an image's has one, and
    each channel is a group.
    """

    batch_dims: int
    groups: int = 1
    epsilon: float = 1e-5
    centred: bool = True

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor]:
        """Input, scale, bias, output."""
        return graph[self.inputs[0]], graph.operand(self, 1), graph.operand(self, 2), graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1, 3)
        require_real(graph, self)
        x, scale, bias, y = self.operands(graph)
        rank = len(x.shape)
        require(0 <= self.batch_dims < rank, f"{self.batch_dims} batch dimensions of {rank}")
        shared = self.groups >= 1 and x.shape[-1] % self.groups == 0
        require(shared, f"{x.shape[-1]} channels in {self.groups} groups")
        require(0 <= self.epsilon < math.inf, f"epsilon {self.epsilon:g}")
        for t in (scale, bias):
            require_constant(t, x.shape[-1:])
        require_shape(y, x.shape)

    def sizes(self, graph: Graph) -> tuple[int, int, int, int]:
        """x is [batches, rows, groups, inner]."""
        shape = graph[self.inputs[0]].shape
        first, rows = shape[: self.batch_dims], shape[self.batch_dims : -1]
        return math.prod(first), math.prod(rows), self.groups, shape[-1] // self.groups

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, scale, bias, y = self.operands(graph)
        sizes = self.sizes(graph)
        value = values[x.name].reshape(sizes)
        with np.errstate(all="ignore"):
            if self.centred:
                value = value - _mean(value)
            inverse = np.float32(1) / np.sqrt(_mean(value * value) + np.float32(self.epsilon))
            result = value * inverse
            result = result if scale is None else result * values[scale.name].reshape(sizes[2:])
            result = result if bias is None else result + values[bias.name].reshape(sizes[2:])
        return (result.reshape(y.shape),)


def _mean(x: Array) -> Array:
    """Over the second and the last dimension, which stay, with one element; added in the order of memory."""
    batches, rows, groups, inner = x.shape
    terms = (x[:, r, :, k] for r, k in np.ndindex(rows, inner))
    return (total(terms, (batches, groups)) / np.float32(rows * inner))[:, None, :, None]
