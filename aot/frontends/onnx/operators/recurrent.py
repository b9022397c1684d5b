"""Recurrent layers: a layer of ours for each direction, whose states begin anew with every run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.movement import joined, sliced
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Array
from aot.ops.common import require
from aot.ops.gru import Gru
from aot.ops.recurrent import Lstm, Rnn

_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_FUNCTIONS = ("tanh", "relu", "sigmoid")
_LSTM_GATES = (0, 2, 3, 1)  # ours, input, forget, cell, output, in the file's order: input, output, forget, cell
_PEEPHOLES = (0, 2, 1)  # ours: input, forget, output


@dataclass(frozen=True)
class _Direction:
    """One of the layers of a node: its number, which way it goes, and its constants."""

    call: Call
    number: int
    reverse: bool
    time_major: bool
    x: str
    hidden: int
    x_shape: tuple[int, ...]

    def known(self, index: int, what: str) -> Array:
        """The part of a constant operand that is this direction's."""
        return np.asarray(self.call.known(index, what)[self.number], np.float32)

    @cached_property
    def biases(self) -> tuple[Array, Array] | None:
        """Those of the input, and of the state."""
        if not self.call.has(3):
            return None
        whole = self.known(3, "the biases")
        return whole[: len(whole) // 2], whole[len(whole) // 2 :]

    def bias(self, gates: int) -> Array:
        """Both sums as one."""
        return np.zeros(gates * self.hidden, np.float32) if self.biases is None else self.biases[0] + self.biases[1]

    def literal(self, data: Array, what: str) -> str:
        return self.call.build.literal(np.ascontiguousarray(data), f"{self.call.build.label}_{what}")

    def initial(self, index: int) -> str:
        """The state before the first step, [batch, unit]: an operand, or zero."""
        batches = self.x_shape[1 if self.time_major else 0]
        if not self.call.has(index):
            return self.literal(np.zeros((batches, self.hidden), np.float32), "initial")
        states = self.call.input(index)
        axis = 1 if self.call.node.flag("layout") else 0
        parts = [range(e) for e in states.shape]
        parts[axis] = range(self.number, self.number + 1)
        part = sliced(self.call, states, parts)
        return self.call.build.stored(self.call.build.reshape(part, (batches, self.hidden)))

    @property
    def way(self) -> dict[str, Any]:
        return {"time_major": self.time_major, "reverse": self.reverse}

    @property
    def outputs(self) -> list[tuple[tuple[int, ...], str]]:
        """All steps, and the last state."""
        batches = self.x_shape[1 if self.time_major else 0]
        return [((*self.x_shape[:2], self.hidden), "float32"), ((batches, self.hidden), "float32")]


def _layers(call: Call, layer: Callable[[_Direction], Sequence[Value]]) -> list[Value]:
    """The outputs of a node: all steps with the directions as an axis, and the last states."""
    node, build, x = call.node, call.build, call.input(0)
    directions = _DIRECTIONS.get(node.text("direction", "forward"))
    require(directions is not None, "this direction")
    assert directions is not None
    batch_first = node.flag("layout")
    require(not node.real("clip", 0.0), "clip: limits of what goes into the activations; export the layer without")
    _require_whole(call, x.shape[1 if batch_first else 0])
    hidden = call.known(2, "the recurrent weights").shape[2]
    # Steps may lie inside or outside of batches, whatever the model calls them.
    turned = x.axis_order() == (1, 0, 2)
    seen = build.stored(x, (1, 0, 2) if turned else (0, 1, 2))
    shape = (x.shape[1], x.shape[0], x.shape[2]) if turned else x.shape
    parts = [
        layer(_Direction(call, i, reverse, batch_first == turned, seen, hidden, shape))
        for i, reverse in enumerate(directions)
    ]
    steps = [p[0].transposed((1, 0, 2)) if turned else p[0] for p in parts]
    axis = 2 if batch_first else 1
    y = joined(call, [build.reshape(s, (*s.shape[:axis], 1, *s.shape[axis:])) for s in steps], axis)
    axis = 1 if batch_first else 0
    states = []
    for values in list(zip(*parts, strict=True))[1:]:
        states.append(joined(call, [build.reshape(v, (*v.shape[:axis], 1, *v.shape[axis:])) for v in values], axis))
    return [y, *states]


def _require_whole(call: Call, steps: int) -> None:
    """Every sequence must be as long as the tensor."""
    if call.has(4):
        lengths = call.known(4, "the lengths of the sequences")
        require(bool(np.all(lengths == steps)), "sequences that are shorter than their tensor")


def _functions(call: Call, number: int, defaults: Sequence[str]) -> tuple[str, ...]:
    """The activations of a direction, whose names may be written in any way."""
    given = [v.decode() if isinstance(v, bytes) else v for v in call.node.attributes.get("activations", ())]
    count = len(defaults)
    return tuple(v.lower() for v in given[number * count : (number + 1) * count]) or tuple(defaults)


def _require_functions(d: _Direction, *wanted: str) -> None:
    """The gates of long short-term memories and gated units are what PyTorch and Keras have by default."""
    found = _functions(d.call, d.number, wanted)
    require(found == wanted, f"activations {', '.join(found)}; supported: {', '.join(wanted)}")


def _gru(d: _Direction) -> Sequence[Value]:
    node, hidden = d.call.node, d.hidden
    _require_functions(d, "sigmoid", "tanh")
    after, bias, inner = node.flag("linear_before_reset"), d.bias(3), None
    if after and d.biases is not None:
        bias = np.concatenate([bias[: 2 * hidden], d.biases[0][2 * hidden :]])
        inner = d.literal(d.biases[1][2 * hidden :], "inner")
    weights = [d.literal(d.known(i, what), what) for i, what in ((1, "weights"), (2, "recurrent"))]
    operands = (d.x, *weights, d.literal(bias, "bias"), inner, d.initial(5))
    return d.call.build.emit_all(Gru, operands, d.outputs, reset_after=after, **d.way)


def _rnn(d: _Direction) -> Sequence[Value]:
    (name,) = _functions(d.call, d.number, ("tanh",))
    require(name in _FUNCTIONS, f"activation {name}; supported: {', '.join(_FUNCTIONS)}")
    weights = [d.literal(d.known(i, what), what) for i, what in ((1, "weights"), (2, "recurrent"))]
    operands = (d.x, *weights, d.literal(d.bias(1), "bias"), d.initial(5))
    return d.call.build.emit_all(Rnn, operands, d.outputs, function=name, **d.way)


def _lstm(d: _Direction) -> Sequence[Value]:
    _require_functions(d, "sigmoid", "tanh", "tanh")
    require(not d.call.node.flag("input_forget"), "input_forget")
    gates = [_parts(d, data, what) for data, what in (
        (d.known(1, "the weights"), "weights"), (d.known(2, "the recurrent weights"), "recurrent"), (d.bias(4), "bias"),
    )]  # fmt: skip
    peepholes: list[str | None] = [None] * 3
    if d.call.has(7):
        whole = np.split(d.known(7, "the peepholes"), 3)
        peepholes = [d.literal(whole[i], "peephole") for i in _PEEPHOLES]
    operands = (d.x, *gates[0], *gates[1], *peepholes, *gates[2], None, None, d.initial(5), d.initial(6))
    return d.call.build.emit_all(Lstm, operands, [*d.outputs, d.outputs[1]], **d.way)


def _parts(d: _Direction, data: Array, what: str) -> list[str]:
    """What belongs to each gate."""
    parts = np.split(data, 4)
    return [d.literal(parts[i], what) for i in _LSTM_GATES]


READERS: dict[str, Reader] = {
    "GRU": lambda call: _layers(call, _gru),
    "LSTM": lambda call: _layers(call, _lstm),
    "RNN": lambda call: _layers(call, _rnn),
}
