"""BATCH_MATMUL: matrices in the last two dimensions, the others broadcast; int8, int16, float32."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, requantize_float, requantize_wide
from aot.graph.ir import Graph, Op, Scheme, Tensor, Unsupported
from aot.ops.common import (
    OWN_RANGES,
    Activation,
    clamp,
    require,
    require_operands,
    require_quantized,
    require_shape,
    require_types,
)
from aot.ops.dense import centred, require_symmetric

_LARGEST_SCALE = 2**7  # that a multiplier of 15 bits can stand for


@dataclass(frozen=True, kw_only=True)
class BatchMatMul(Op):
    """y[..., i, j] = sum over k of a[..., i, k] * b[..., k, j]; adj_x reads a, adj_y reads b, with both swapped.

    A third operand is added to the sums, an element for each column: the bias of a dense layer whose weights, b, are
    computed.
    """

    scheme: ClassVar[Scheme] = OWN_RANGES

    adj_x: bool = False
    adj_y: bool = False

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both inputs and the output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def bias(self, graph: Graph) -> Tensor | None:
        """What is added to each column, if anything."""
        return graph.operand(self, 2)

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2, 3)
        a, b, y = self.operands(graph)
        bias = self.bias(graph)
        matrices = replace(self, inputs=self.inputs[:2])
        require_types(graph, matrices, ("int8",) * 3, ("int16",) * 3, ("float32",) * 3)
        for t in (a, b):
            require(len(t.shape) >= 2, f"%{t.name} has {len(t.shape)} dimensions; supported: 2 to 5")
            require(len(t.shape) <= 5, f"%{t.name} has {len(t.shape)} dimensions; supported: 2 to 5")
        (rows, depth), (depth_b, columns) = self.matrices(graph)
        require(depth == depth_b, f"%{a.name} has rows of {depth}, %{b.name} columns of {depth_b}")
        try:
            batches = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError:
            raise Unsupported(f"%{a.name} and %{b.name} have batches that do not broadcast") from None
        require_shape(y, (*batches, rows, columns))
        if bias is not None:
            _check_bias(bias, y)
        if y.dtype != "float32":
            self._check_scales(a, b, y, matmul_bound(a, b, depth, bias))

    def _check_scales(self, a: Tensor, b: Tensor, y: Tensor, largest: int) -> None:
        require_quantized(a, b, y)
        require_symmetric(a, b, y)
        scale = matmul_scale(a, b, y)
        bound = float(largest)
        require(scale < _LARGEST_SCALE, f"%{y.name} has scale {y.scale:g}, too small for its inputs")
        if y.dtype == "int8":
            require(bound * max(1.0, 2 * scale) < 2**31, f"%{y.name} overflows a 32-bit accumulator for some inputs")
        else:
            require(bound < 2**47 and bound * scale < 2**31, f"%{y.name} overflows its accumulator for some inputs")

    def matrices(self, graph: Graph) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns of both matrices, as they are multiplied."""
        a, b, _ = self.operands(graph)
        (m, n), (p, q) = a.shape[-2:], b.shape[-2:]
        return ((n, m) if self.adj_x else (m, n)), ((q, p) if self.adj_y else (p, q))

    def macs(self, graph: Graph) -> int:
        return graph[self.outputs[0]].elements * self.matrices(graph)[0][1]

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        bias = self.bias(graph)
        left, right = centred(a, values[a.name]), centred(b, values[b.name])
        left = np.swapaxes(left, -1, -2) if self.adj_x else left
        right = np.swapaxes(right, -1, -2) if self.adj_y else right
        if y.dtype == "float32":
            sums = _sums_in_order(left, right, y.shape)
            return (sums if bias is None else sums + values[bias.name],)
        acc = (left @ right).astype(np.int64)
        acc = acc if bias is None else acc + values[bias.name]
        scale = Multiplier.of(matmul_scale(a, b, y), rounding)
        if y.dtype == "int16":
            scaled = requantize_wide(acc, scale)
        elif rounding == "onnx":
            scaled = requantize_float(acc, matmul_scale_float(a, b, y))
        else:
            scaled = requantize(acc, scale, rounding)
        return (clamp(scaled + y.zero_point, Activation.NONE, y),)


def _sums_in_order(left: Array, right: Array, shape: tuple[int, ...]) -> Array:
    acc = np.zeros(shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(left.shape[-1]):
            acc += left[..., :, k, None] * right[..., None, k, :]
    return acc


def matmul_scale(a: Tensor, b: Tensor, y: Tensor) -> float:
    """From accumulator to output: the product of two scales is float32, unlike that of dense layers."""
    return float(np.float32(a.scale) * np.float32(b.scale)) / y.scale


def matmul_scale_float(a: Tensor, b: Tensor, y: Tensor) -> Array:
    """The same, all in float32."""
    return np.asarray(np.float32(a.scale) * np.float32(b.scale) / np.float32(y.scale))


def matmul_bound(a: Tensor, b: Tensor, depth: int, bias: Tensor | None) -> int:
    """The largest magnitude of any sum."""
    info = np.iinfo(a.dtype)
    largest = [max(t.zero_point - int(info.min), int(info.max) - t.zero_point) for t in (a, b)]
    added = 0 if bias is None or bias.data is None else max(abs(int(v)) for v in np.ravel(bias.data))
    return depth * largest[0] * largest[1] + added


def _check_bias(bias: Tensor, y: Tensor) -> None:
    wanted = "float32" if y.dtype == "float32" else "int32"
    known = bias.constant or wanted == "float32"
    require(y.dtype != "int16", "a bias of int16 activations, with weights that are not constant")
    require(bias.dtype == wanted and known, f"%{bias.name} (bias) is {bias}; supported: {wanted}, a constant of int32")
    require_shape(bias, y.shape[-1:])
