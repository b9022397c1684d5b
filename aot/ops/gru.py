"""Gated recurrent units in float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.common import require, require_operands, require_shape
from aot.ops.reals import sigmoid_real, sums_of_products, tanh_real
from aot.ops.sequence import SequenceOp, require_constant, require_real, sequence_of


@dataclass(frozen=True, kw_only=True)
class Gru(SequenceOp):
    """h = update * h + (1 - update) * candidate for each step t, which is also y[t].

    update = sigmoid(wz . x[t] + bz + rz . h), reset = sigmoid(wr . x[t] + br + rr . h),
    candidate = tanh(wh . x[t] + bh + rh . (reset * h)), or with `reset_after`
    candidate = tanh(wh . x[t] + bh + reset * (rh . h + inner)).

    Operands are x, weights w, recurrent weights r and biases b, each of them those of update, reset and candidate one
    below the other; the `inner` bias, which need not be there; and the state h.
    """

    reset_after: bool = False
    time_major: bool = False
    reverse: bool = False

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None, Tensor, Tensor]:
        """Input, weights, recurrent weights, biases, inner bias, state, first output."""
        x, w, r, b = (graph[name] for name in self.inputs[:4])
        return x, w, r, b, graph.operand(self, 4), graph[self.inputs[5]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 4, 6, outputs=len(self.outputs))
        require(len(self.inputs) == 6, f"{len(self.inputs)} inputs; supported: 6")
        require_real(graph, self)
        x, w, r, b, inner, h, _ = self.operands(graph)
        sequence = sequence_of(x, self.time_major, self.reverse)
        require(len(h.shape) == 2, f"%{h.name} has {len(h.shape)} dimensions; supported: 2")
        require(inner is None or self.reset_after, "an inner bias, but the state is reset before it is multiplied")
        units = h.shape[1]
        for t, shape in ((w, (3 * units, sequence.depth)), (r, (3 * units, units)), (b, (3 * units,)),
                         (inner, (units,))):  # fmt: skip
            require_constant(t, shape)
        require_shape(h, (sequence.batches, units))
        self.require_outputs(graph, x, sequence.batches, units)

    def macs(self, graph: Graph) -> int:
        x, w, r, _, _, _, _ = self.operands(graph)
        return x.elements // w.shape[1] * (w.elements + r.elements)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _, _, _, _, h, _ = self.operands(graph)
        sequence = sequence_of(x, self.time_major, self.reverse)
        hidden, outputs = values[h.name], []
        with np.errstate(all="ignore"):
            for row in sequence.steps_first(values[x.name]):
                hidden = self._step(graph, row, hidden)
                outputs.append(hidden)
        return self.results(graph, sequence, outputs, hidden)

    def _step(self, graph: Graph, x: Array, hidden: Array) -> Array:
        _, w, r, b, inner, h, _ = self.operands(graph)
        two = 2 * h.shape[1]
        given = b.values + sums_of_products(x, w.values)
        gates = sigmoid_real(given[:, :two] + sums_of_products(hidden, r.values[:two]))
        update, reset = np.split(gates, 2, axis=1)
        if self.reset_after:
            sums = sums_of_products(hidden, r.values[two:])
            recalled = reset * (sums if inner is None else inner.values + sums)
        else:
            recalled = sums_of_products(reset * hidden, r.values[two:])
        return np.asarray(update * hidden + (np.float32(1) - update) * tanh_real(given[:, two:] + recalled))
