"""Second definitions of recurrent layers: a sample at a time, a step at a time, in double precision."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.gru import Gru
from aot.ops.recurrent import Lstm, Rnn

Values = Mapping[str, Array]
Step = Callable[[Array, list[Array]], list[Array]]  # an input and the states -> the states after it, the output first

_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "none": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
}
_sigmoid, _tanh = _FUNCTIONS["sigmoid"], _FUNCTIONS["tanh"]


def given(graph: Graph, values: Values, name: str) -> Array:
    """`known` in double precision."""
    return known(graph, values, name).astype(np.float64)


def known(graph: Graph, values: Values, name: str) -> Array:
    """What is known of a tensor before the first operator."""
    kept = {state.current: state.initial for state in graph.state}
    data = graph[name].data
    return values[name] if name in values else kept[name] if data is None else data


def _layer(op: Any, graph: Graph, values: Values, step: Step, states: list[str]) -> tuple[Array, ...]:
    """The outputs of all samples, if they are to be there, and the states after them."""
    x = given(graph, values, op.inputs[0])
    x = x.swapaxes(0, 1) if op.time_major else x
    results, last = [], []
    for sample, *state in zip(x, *(given(graph, values, name) for name in states), strict=True):
        outputs = []
        for row in sample[::-1] if op.reverse else sample:
            state = step(row, state)
            outputs.append(state[0])
        results.append(np.array(outputs[::-1] if op.reverse else outputs))
        last.append(state)
    y = np.array(results)
    after = [np.array(s) for s in zip(*last, strict=True)]
    return (y.swapaxes(0, 1) if op.time_major else y, *after)[-len(op.outputs) :]


def gru(op: Gru, graph: Graph, values: Values) -> tuple[Array, ...]:
    (wz, wr, wh), (rz, rr, rh), (bz, br, bh) = (np.split(given(graph, values, n), 3) for n in op.inputs[1:4])
    inner = given(graph, values, op.inputs[4]) if op.inputs[4] else 0

    def step(x: Array, state: list[Array]) -> list[Array]:
        (h,) = state
        z, r = _sigmoid(wz @ x + rz @ h + bz), _sigmoid(wr @ x + rr @ h + br)
        candidate = _tanh(wh @ x + bh + (r * (rh @ h + inner) if op.reset_after else rh @ (r * h)))
        return [(1 - z) * candidate + z * h]

    return _layer(op, graph, values, step, [op.inputs[5]])


def rnn(op: Rnn, graph: Graph, values: Values) -> tuple[Array, ...]:
    w, r, b = (given(graph, values, name) for name in op.inputs[1:4])
    return _layer(op, graph, values, lambda x, s: [_FUNCTIONS[op.function](w @ x + r @ s[0] + b)], [op.inputs[4]])


def lstm(op: Lstm, graph: Graph, values: Values) -> tuple[Array, ...]:
    parts = [None if name is None else given(graph, values, name) for name in (*op.inputs, *(None,) * 4)]

    def gate(number: int, x: Array, h: Array, c: Array | None) -> Array:
        sums = parts[1 + number] @ x + parts[5 + number] @ h
        peephole = parts[(9, 10, 0, 11)[number]]
        sums = sums if c is None or peephole is None else sums + peephole * c
        norm, bias = parts[20 + number], parts[12 + number]
        if norm is None:
            return sums + bias
        return (sums - sums.mean()) / np.sqrt(sums.var() + 1e-8) * norm + bias

    def step(x: Array, state: list[Array]) -> list[Array]:
        h, c = state
        forget, update = _sigmoid(gate(1, x, h, c)), _tanh(gate(2, x, h, None))
        enter = 1 - forget if parts[1] is None else _sigmoid(gate(0, x, h, c))
        c = _clipped(forget * c + enter * update, op.cell_clip)
        h = _sigmoid(gate(3, x, h, c)) * _tanh(c)
        if parts[16] is not None:
            h = _clipped(parts[16] @ h + (0 if parts[17] is None else parts[17]), op.projection_clip)
        return [h, c]

    return _layer(op, graph, values, step, list(op.inputs[18:20]))


def _clipped(x: Array, limit: float) -> Array:
    return np.clip(x, -limit, limit) if limit else x
