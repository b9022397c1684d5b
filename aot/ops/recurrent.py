"""Recurrent layers in float32: steps over a sequence, whose state goes on from run to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.common import require, require_moved, require_operands, require_shape
from aot.ops.lstm_integer import IntegerLstm, integer_lstm
from aot.ops.lstm_wide import WideLstm, wide_lstm
from aot.ops.reals import sigmoid_real, sums_of_products, tanh_real, total
from aot.ops.sequence import SequenceOp, require_constant, require_real, sequence_of

_EPSILON = np.float32(1e-8)  # of the variance that layer normalization divides by
# For a layer's type, that of its operands by their number, where they are not int8.
_TYPES = {
    "int8": {**dict.fromkeys((9, 10, 11, 19, *range(20, 24)), "int16"), **dict.fromkeys((*range(12, 16), 17), "int32")},
    "int16": {**dict.fromkeys((0, 18, 19), "int16"), **dict.fromkeys(range(12, 16), "int64")},
}
GATES = ("input", "forget", "cell", "output")
FUNCTIONS = ("tanh", "relu", "relu6", "none", "sigmoid")


@dataclass(frozen=True, kw_only=True)
class Rnn(SequenceOp):
    """h = f(weights . x[t] + recurrent . h + bias) for each step t, which is also y[t]."""

    function: str  # one of FUNCTIONS
    time_major: bool = False
    reverse: bool = False

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Input, weights, recurrent weights, bias, state, first output."""
        x, w, r, b, h = (graph[name] for name in self.inputs)
        return x, w, r, b, h, graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 5, outputs=len(self.outputs))
        require(self.function in FUNCTIONS, f"function {self.function}; supported: {', '.join(FUNCTIONS)}")
        require_real(graph, self)
        x, w, r, b, h, _ = self.operands(graph)
        sequence = sequence_of(x, self.time_major, self.reverse)
        units = b.elements
        for t, shape in ((w, (units, sequence.depth)), (r, (units, units)), (b, (units,))):
            require_constant(t, shape)
        require_shape(h, (sequence.batches, units))
        self.require_outputs(graph, x, sequence.batches, units)

    def macs(self, graph: Graph) -> int:
        x, w, r, _, _, _ = self.operands(graph)
        return x.elements // w.shape[1] * (w.elements + r.elements)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, w, r, b, h, _ = self.operands(graph)
        sequence = sequence_of(x, self.time_major, self.reverse)
        hidden, outputs = values[h.name], []
        with np.errstate(all="ignore"):
            for row in sequence.steps_first(values[x.name]):
                sums = values[b.name] + sums_of_products(row, values[w.name])
                hidden = _activated(sums + sums_of_products(hidden, values[r.name]), self.function)
                outputs.append(hidden)
        return self.results(graph, sequence, outputs, hidden)


def _activated(x: Array, function: str) -> Array:
    if function in ("tanh", "sigmoid"):
        return tanh_real(x) if function == "tanh" else sigmoid_real(x)
    low, high = {"none": (None, None), "relu": (0, None), "relu6": (0, 6)}[function]
    x = x if low is None else np.where(x < low, np.float32(low), x)
    return x if high is None else np.where(x > high, np.float32(high), x)


@dataclass(frozen=True, kw_only=True)
class Lstm(SequenceOp):
    """A long short-term memory, with all that TensorFlow Lite knows of.

    Its 24 operands are those of the file: input, four input weights, four recurrent weights, three peepholes, four
    biases, projection and its bias, hidden state, cell state, four coefficients of layer normalization. Gates come in
    the order of GATES; the input gate may be left out (it is then 1 less the forget gate). Layers of int8, and of int16
    with int8 weights, have a cell state of int16; of int8 layers, `hidden` is how the product of output gate and cell
    is quantized, and `gate_scales` are those of the gates' sums before they are normalized.
    """

    states: ClassVar[int] = 2

    hidden: Quant | None = None
    gate_scales: tuple[float, ...] = ()
    cell_clip: float = 0.0
    projection_clip: float = 0.0
    time_major: bool = False
    reverse: bool = False

    def part(self, graph: Graph, first: int, count: int = 4) -> tuple[Tensor | None, ...]:
        """Operands from `first` on; those beyond the end are left out."""
        return tuple(graph.operand(self, first + i) for i in range(count))

    def check(self, graph: Graph) -> None:
        require(len(self.inputs) in (20, 24), f"{len(self.inputs)} inputs; supported: 20 or 24")
        required = (0, 2, 3, 4, 6, 7, 8, 13, 14, 15, 18, 19)
        missing = [i for i in required if self.inputs[i] is None]
        require(not missing, f"input {missing[0] if missing else 0} is missing")
        self._check_together()
        self._check_shapes(graph)
        types = _TYPES.get(graph[self.inputs[0]].dtype)
        if types is None:
            require_real(graph, self)
        else:
            self._check_types(graph, types)
            self._numbers(graph)

    def _check_types(self, graph: Graph, wanted: Mapping[int, str]) -> None:
        """Those of an int8 or an int16 layer."""
        for i, name in enumerate(self.inputs):
            t = graph.operand(self, i)
            require(
                t is None or t.dtype == wanted.get(i, "int8"), f"%{name} is {t}; supported: {wanted.get(i, 'int8')}"
            )
        require(self.gives_steps, "no outputs of steps")
        for name, state in zip(self.outputs, (self.inputs[18], self.inputs[18], self.inputs[19]), strict=True):
            require_moved(graph[state], graph[name])

    def integer(self, graph: Graph) -> IntegerLstm:
        """The numbers of an int8 layer."""
        operands = self._operands(graph)
        return integer_lstm(operands, self.hidden, self.gate_scales, self.cell_clip, self.projection_clip)

    def wide(self, graph: Graph) -> WideLstm:
        """The numbers of an int16 layer."""
        return wide_lstm(self._operands(graph), self.cell_clip)

    def _numbers(self, graph: Graph) -> IntegerLstm | WideLstm:
        return self.wide(graph) if graph[self.inputs[0]].dtype == "int16" else self.integer(graph)

    def _operands(self, graph: Graph) -> dict[int, Tensor]:
        """By their number in the file, without those left out."""
        return {i: t for i in range(len(self.inputs)) if (t := graph.operand(self, i)) is not None}

    def _check_together(self) -> None:
        """What is there in one gate must be there in all; without an input gate, in the others."""
        given = [name is not None for name in (*self.inputs, *(None,) * 4)]
        gate = given[1]
        require(given[5] == given[12] == gate, "an input gate that is there in parts")
        require(given[9] == (given[10] and gate) and given[10] == given[11], "a peephole that is there in parts")
        require(given[20] == (given[21] and gate) and given[21] == given[22] == given[23],
                "a layer normalization that is there in parts")  # fmt: skip
        require(given[16] or not given[17], "a bias of a projection that is not there")
        require(self.cell_clip >= 0 and self.projection_clip >= 0, "a clip that is not a number from 0 up")

    def _check_shapes(self, graph: Graph) -> None:
        x = graph[self.inputs[0]]
        sequence = sequence_of(x, self.time_major, self.reverse)
        cells, units = self.sizes(graph)
        for first, count, shape in ((1, 4, (cells, sequence.depth)), (5, 4, (cells, units)), (9, 3, (cells,)),
                                    (12, 4, (cells,)), (16, 1, (units, cells)), (17, 1, (units,)),
                                    (20, 4, (cells,))):  # fmt: skip
            for t in self.part(graph, first, count):
                require_constant(t, shape)
        require(self.inputs[16] is not None or cells == units, f"{cells} cells, {units} outputs, and no projection")
        for name, width in ((self.inputs[18], units), (self.inputs[19], cells)):
            require_shape(graph[name], (sequence.batches, width))
        self.require_outputs(graph, x, sequence.batches, units, cells)

    def sizes(self, graph: Graph) -> tuple[int, int]:
        """How many cells, and how many outputs."""
        recurrent = graph[self.inputs[6]]
        require(len(recurrent.shape) == 2, f"%{recurrent.name} has {len(recurrent.shape)} dimensions; supported: 2")
        return recurrent.shape[0], recurrent.shape[1]

    def macs(self, graph: Graph) -> int:
        x = graph[self.inputs[0]]
        weights = (*self.part(graph, 1), *self.part(graph, 5), *self.part(graph, 16, 1))
        return x.elements // x.shape[-1] * sum(t.elements for t in weights if t is not None)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x = graph[self.inputs[0]]
        sequence = sequence_of(x, self.time_major, self.reverse)
        hidden, cell = values[str(self.inputs[18])], values[str(self.inputs[19])]
        rows, outputs = sequence.steps_first(values[x.name]), []
        numbers = None if x.dtype == "float32" else self._numbers(graph)
        with np.errstate(all="ignore"):
            for row in rows:
                if numbers is None:
                    hidden, cell = self._step(graph, row, hidden, cell)
                else:
                    hidden, cell = numbers.step(row, hidden, cell, rounding)
                outputs.append(hidden)
        return self.results(graph, sequence, outputs, hidden, cell)

    def _step(self, graph: Graph, x: Array, hidden: Array, cell: Array) -> tuple[Array, Array]:
        forget = sigmoid_real(self._gate(graph, 1, x, hidden, cell))
        update = tanh_real(self._gate(graph, 2, x, hidden, None))
        enter = self._gate(graph, 0, x, hidden, cell) if self.inputs[1] else None
        share = np.float32(1) - forget if enter is None else sigmoid_real(enter)
        cell = _clipped(forget * cell + update * share, self.cell_clip)
        result = sigmoid_real(self._gate(graph, 3, x, hidden, cell)) * tanh_real(cell)
        projection, bias = self.part(graph, 16, 2)
        if projection is None:
            return result, cell
        sums = sums_of_products(result, projection.values)
        sums = sums if bias is None else bias.data + sums
        return _clipped(sums, self.projection_clip), cell

    def _gate(self, graph: Graph, gate: int, x: Array, hidden: Array, cell: Array | None) -> Array:
        """What goes into a gate's function; the cell state passes the peephole, if there is one."""
        weights, recurrent, bias = (graph[self.inputs[first + gate]].values for first in (1, 5, 12))
        peephole = graph.operand(self, {0: 9, 1: 10, 3: 11}.get(gate, len(self.inputs)))
        norm = graph.operand(self, 20 + gate)
        sums = sums_of_products(x, weights) if norm is not None else bias + sums_of_products(x, weights)
        sums = sums + sums_of_products(hidden, recurrent)
        if peephole is not None and cell is not None:
            sums = sums + peephole.data * cell
        return sums if norm is None else normalized(sums) * norm.data + bias


def normalized(x: Array) -> Array:
    """Each row less its mean, divided by its standard deviation; sums are added in order."""
    count = np.float32(x.shape[1])
    mean = total(x.T, x.shape[:1]) / count
    centred = x - mean[:, None]
    variance = total((centred * centred).T, x.shape[:1]) / count
    return np.asarray(centred * (np.float32(1) / np.sqrt(variance + _EPSILON))[:, None])


def _clipped(x: Array, limit: float) -> Array:
    """`x` within plus and minus `limit`, which is none where it is 0."""
    if limit == 0:
        return x
    bound = np.float32(limit)
    return np.where(x > bound, bound, np.where(x < -bound, -bound, x))
