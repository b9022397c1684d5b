"""LSTMs of int8 and int16 in `single` rounding, written a second time: Python integers, sample by sample."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from exact_rounding import fixed_point, round_once

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.gates import sigmoid_q, tanh_q
from aot.ops.roots import inverse_root
from aot.ops.sigmoid import sigmoid_codes, tanh_codes


def lstm(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Lstm of int8; the gates' functions are those of `aot`, which LiteRT's answers confirm."""
    return _sequence(op, graph, values, _lstm_step)


def wide_lstm(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Lstm of int16; the gates' functions are those of `aot`, which TensorFlow Lite Micro's answers confirm."""
    return _sequence(op, graph, values, _wide_step)


def _sequence(op: Any, graph: Graph, values: Mapping[str, Array], step: Callable[..., Any]) -> Array:
    numbers = op.integer(graph)
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    rows = values[x.name] if op.time_major else values[x.name].swapaxes(0, 1)
    hidden, cell = values[op.inputs[18]].tolist(), values[op.inputs[19]].tolist()
    outputs = []
    for row in rows.tolist():
        steps = [step(numbers, *one) for one in zip(row, hidden, cell, strict=True)]
        hidden, cell = [h for h, _ in steps], [c for _, c in steps]
        outputs.append(hidden)
    result = np.array(outputs, y.dtype)
    return (result if op.time_major else result.swapaxes(0, 1)).reshape(y.shape)


def _wide_step(n: Any, x: list[int], hidden: list[int], cell: list[int]) -> tuple[list[int], list[int]]:
    """Hidden state and cell of one sample, in int16."""
    results, cells = [], []
    for c, before in enumerate(cell):
        forget, enter, output = (
            int(sigmoid_codes(_wide_sum(g, c, x, hidden), (3, 0))) for g in (n.forget, n.input, n.output)
        )
        update = int(tanh_codes(_wide_sum(n.update, c, x, hidden), (3, 0)))
        kept, added = _product(forget, before, n.kept_scale), _product(enter, update, n.added_scale)
        new = _s16(kept + added)
        new = max(-n.cell_clip, min(n.cell_clip, new)) if n.cell_clip else new
        results.append(_product(output, int(tanh_codes(np.array(new), n.cell_scaling)), n.hidden_scale))
        cells.append(new)
    return results, cells


def _product(a: int, b: int, scale: float) -> int:
    return _s16(round_once(a * b, *fixed_point(scale)))


def _wide_sum(gate: Any, c: int, x: list[int], hidden: list[int]) -> Array:
    total = 0
    for dense, values in ((gate.input, x), (gate.recurrent, hidden)):
        acc = int(dense.bias[c]) + sum(v * int(w) for v, w in zip(values, dense.weights[c], strict=True))
        multiplier, shift = fixed_point(dense.scale)
        total += _s16(round_once(acc, min((multiplier + 2**15) >> 16, 2**15 - 1), shift + 16))
    return np.array(_s16(total))


def _lstm_step(n: Any, x: list[int], hidden: list[int], cell: list[int]) -> tuple[list[int], list[int]]:
    """Hidden state and cell of one sample."""
    forget = [int(sigmoid_q(v)) for v in _gate_sums(n.forget, x, hidden, cell)]
    update = [int(tanh_q(v, 3)) for v in _gate_sums(n.update, x, hidden, cell)]
    enter = [32767 - f for f in forget]
    if n.input is not None:
        enter = [int(sigmoid_q(v)) for v in _gate_sums(n.input, x, hidden, cell)]
    parts = zip(forget, cell, enter, update, strict=True)
    cells = [_s16(_away(f * c, 15) + _away(i * u, 30 + n.cell_shift)) for f, c, i, u in parts]
    cells = [max(-n.cell_clip, min(n.cell_clip, c)) for c in cells] if n.cell_clip else cells
    output = [int(sigmoid_q(v)) for v in _gate_sums(n.output, x, hidden, cells)]
    products = [o * int(tanh_q(np.array(c, np.int16), 15 + n.cell_shift)) for o, c in zip(output, cells, strict=True)]
    results = [round_once(p, *fixed_point(n.hidden_scale)) + n.hidden_zero for p in products]
    results = [max(-128, min(127, r)) for r in results]
    if n.projection is not None:
        limit = (-n.projection_clip, n.projection_clip) if n.projection_clip else (-128, 127)
        sums = [_dense_sum(n.projection, u, results) + n.state_zero for u in range(len(n.projection.weights))]
        results = [max(limit[0], min(limit[1], s)) for s in sums]
    return results, cells


def _gate_sums(gate: Any, x: list[int], hidden: list[int], cell: list[int]) -> list[Array]:
    """What goes into the gate's function, for each cell."""
    sums = []
    for c, value in enumerate(cell):
        total = _s16(_s16(_dense_sum(gate.input, c, x)) + _dense_sum(gate.recurrent, c, hidden))
        if gate.peephole is not None:
            total = _s16(total + round_once(value * int(gate.peephole[c]), *fixed_point(gate.peephole_scale)))
        sums.append(total)
    return [np.array(v, np.int16) for v in (sums if gate.norm is None else _normalized(gate.norm, sums))]


def _normalized(norm: Any, sums: list[int]) -> list[int]:
    count = len(sums)
    total = 1024 * sum(sums)
    mean = abs(total) // count * (1 if total >= 0 else -1)
    variance = (sum(s * s for s in sums) * (2**20 // count) - mean * mean) // 2**20
    root, shift = inverse_root(variance if variance >= 1 else norm.least_variance)
    results = []
    for s, weight, bias in zip(sums, norm.weights.tolist(), norm.bias.tolist(), strict=True):
        product = round_once(1024 * s - mean, root, -shift) * weight + bias
        results.append(_s16(round_once(_away(product, 10), *fixed_point(norm.scale))))
    return results


def _dense_sum(dense: Any, row: int, x: list[int]) -> int:
    acc = int(dense.bias[row]) + sum(v * int(w) for v, w in zip(x, dense.weights[row], strict=True))
    return round_once(acc, *fixed_point(dense.scale))


def _s16(value: int) -> int:
    return max(-(2**15), min(2**15 - 1, value))


def _away(value: int, shift: int) -> int:
    """value / 2**shift, to nearest, ties away from zero."""
    size = (abs(value) + (1 << (shift - 1))) >> shift
    return size if value >= 0 else -size
