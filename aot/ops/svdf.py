"""SVDF: a dense layer of low rank over the last steps of its input, which it remembers; int8 or float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import Activation, require, require_operands, require_quantized, require_shape, require_types
from aot.ops.dense import accumulator_bound, centred, matrix_product, require_symmetric
from aot.ops.reals import clamp_real, sums_of_products, total

_Operands = tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class Svdf(Op):
    """Each filter f remembers its last `memory` features; the newest is x[b] . features[f].

    next[b, f] = state[b, f, 1:] and the newest; y[b, u] = bias[u] + sum over the `rank` filters of unit u, and over m,
    of next[b, f, m] * time[f, m]. As in TensorFlow Lite's kernel, the int8 output is limited by its type
    alone (converters choose a zero point of -128 for RELU), and its sum over time wraps at 32 bits.
    """

    rank: int
    activation: Activation = Activation.NONE

    def operands(self, graph: Graph) -> _Operands:
        """Input, features, time, bias, state, output."""
        x, features, time, state = (graph[self.inputs[i]] for i in (0, 1, 2, 4))
        return x, features, time, graph.operand(self, 3), state, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 3, 5, outputs=2)
        require(len(self.inputs) == 5 and self.inputs[4] is not None, "no state")
        x, features, time, b, state, y = self.operands(graph)
        bias = {"float32": ("float32",), "int8": ("int32",)}.get(x.dtype, ()) if b else ()
        kept = "int8" if state.dtype == "int8" else "int16"
        require_types(
            graph,
            self,
            ("float32", "float32", "float32", *bias, "float32", "float32", "float32"),
            ("int8", "int8", kept, *bias, kept, "int8", kept),
        )
        self._check_shapes(x, features, time, b, state, y)
        require_shape(graph[self.outputs[1]], state.shape)
        for t in (features, time, b):
            require(t is None or t.constant, f"%{t.name if t else ''} is not constant")
        if x.dtype == "int8":
            self._check_scales(x, features, time, state, y)

    def _check_shapes(
        self, x: Tensor, features: Tensor, time: Tensor, b: Tensor | None, state: Tensor, y: Tensor
    ) -> None:
        require(len(x.shape) == 2 and len(time.shape) == 2, f"%{x.name} and %{time.name} must have 2 dimensions")
        filters, memory = time.shape
        require(self.rank > 0 and filters % self.rank == 0, f"{filters} filters of rank {self.rank}")
        units = filters // self.rank
        require_shape(features, (filters, x.shape[1]))
        require_shape(state, (x.shape[0], filters * memory))
        require_shape(y, (x.shape[0], units))
        if b is not None:
            require_shape(b, (units,))

    def _check_scales(self, x: Tensor, features: Tensor, time: Tensor, state: Tensor, y: Tensor) -> None:
        require(self.activation is Activation.RELU, f"activation {self.activation} in int8; supported: RELU")
        require_quantized(x, features, time, state, y)
        require_symmetric(state)
        for t in (features, time):
            require(t.zero_point == 0, f"%{t.name} (weights) has zero point {t.zero_point}; supported: 0")
        newest, result = self.scales(x, features, time, state, y)
        bound = int(accumulator_bound(x, features, None, 0).max())
        require(newest < 2**15 and bound << max(0, int(Multiplier.of(newest).shift[0])) < 2**31,
                f"%{state.name} has scale {state.scale:g}, too small for the input and weights")  # fmt: skip
        require(result < 0.5, f"%{y.name} has scale {y.scale:g}, too small for the state and weights")

    def scales(self, x: Tensor, features: Tensor, time: Tensor, state: Tensor, y: Tensor) -> tuple[float, float]:
        """From sums to the state, and to the output; TensorFlow Lite multiplies in float32."""
        x_scale, features_scale, time_scale, state_scale, y_scale = (
            np.float32(t.scale) for t in (x, features, time, state, y)
        )
        return float(x_scale * features_scale / state_scale), float(state_scale * time_scale / y_scale)

    def macs(self, graph: Graph) -> int:
        x, features, time, _, _, _ = self.operands(graph)
        return x.shape[0] * (features.elements + time.elements)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, features, time, b, state, y = self.operands(graph)
        filters, memory = time.shape
        held = values[state.name].reshape(-1, filters, memory)
        bias = np.zeros(y.shape[1], x.dtype) if b is None else values[b.name]
        if x.dtype == "float32":
            newest = sums_of_products(values[x.name], values[features.name])
        else:
            acc = matrix_product(centred(x, values[x.name]), values[features.name])
            newest = self._newest(acc, x, features, time, state, y, rounding)
        following = np.concatenate([held[:, :, 1:], newest[:, :, None]], axis=2)
        finish = self._real if x.dtype == "float32" else self._codes
        result = finish(following, values[time.name], bias, self.operands(graph), rounding)
        return result, following.reshape(state.shape)

    def _newest(
        self, acc: Array, x: Tensor, features: Tensor, time: Tensor, state: Tensor, y: Tensor, rounding: str
    ) -> Array:
        scale = Multiplier.of(self.scales(x, features, time, state, y)[0], rounding)
        info = np.iinfo(state.dtype)
        codes = requantize(acc, scale, rounding) + state.zero_point
        return np.asarray(np.clip(codes, info.min, info.max).astype(state.dtype))

    def _real(self, held: Array, time: Array, bias: Array, operands: _Operands, rounding: str) -> Array:
        shape = held.shape[:2]
        filters = total((held[:, :, m] * time[:, m] for m in range(held.shape[2])), shape)
        parts = filters.reshape(shape[0], -1, self.rank)
        sums = np.broadcast_to(bias, parts.shape[:2]).astype(np.float32)
        for r in range(self.rank):
            sums = sums + parts[:, :, r]
        return clamp_real(sums, self.activation)

    def _codes(self, held: Array, time: Array, bias: Array, operands: _Operands, rounding: str) -> Array:
        x, features, weights, _, state, y = operands
        products = (held.astype(np.int64) - state.zero_point) * time.astype(np.int64)
        sums = products.reshape(len(held), y.shape[1], -1).sum(axis=2) + bias.astype(np.int64)
        scale = Multiplier.of(self.scales(x, features, weights, state, y)[1], rounding)
        codes = requantize(wrapped(sums), scale, rounding) + y.zero_point
        return np.asarray(np.clip(codes, -128, 127).astype(np.int8))


def wrapped(sums: Array) -> Array:
    """What 32 bits keep of int64 `sums`."""
    return np.asarray((sums + 2**31) % 2**32 - 2**31)
