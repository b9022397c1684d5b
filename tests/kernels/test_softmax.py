"""Softmax natively, in bulk: its tables and its arithmetic are the hardest of all kernels to get equal."""

from pathlib import Path

import cases
import graphs
import merge
import native
import numpy as np
import pytest
from graphs import Rng

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Quant, Unsupported
from aot.ops.softmax import LONGEST_ROW, Softmax
from aot.oracle import interpreter

pytestmark = [pytest.mark.operator("SOFTMAX"), pytest.mark.usefixtures("quick_plans")]

_ROWS = 24
_SAMPLES = 4
_DEPTHS = (1, 2, 3, 4, 5, 7, 8, 10, 16, 17, 31, 64, 100, 255, 256, 257, 300)


def _model(rng: Rng) -> Graph:
    """Any depth up to 300, any scale from 1e-6 to 10, any beta."""
    depth = int(rng.choice(_DEPTHS)) if rng.random() < 0.7 else int(rng.integers(1, 301))
    scale = rng.choice([10 ** rng.uniform(-6, 1), 10 ** rng.uniform(-2.5, 0), 2.0 ** rng.integers(-12, 3), 10.0])
    beta = float(np.float32(rng.choice([1.0, 1.0, 10 ** rng.uniform(-2, 1), 2.0 ** rng.integers(-4, 4)])))
    x = graphs.int8("x", (_ROWS, depth), Quant((float(np.float32(scale)),), (graphs.zero_point(rng),)))
    return graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY), beta=beta)


def _supported(seed: int) -> Graph:
    """The first model from `seed` on that is not refused."""
    for attempt in range(20):
        graph = _model(np.random.default_rng([cases.SEED, seed, attempt]))
        try:
            graph.ops[0].check(graph)
        except Unsupported:
            continue
        return graph
    raise AssertionError("twenty models in a row were refused")


def _row(rng: Rng, depth: int) -> Array:
    """Uniform, all equal, one winner, two winners, nearly equal, a staircase, only the two ends."""
    match int(rng.integers(0, 7)):
        case 0:
            return rng.integers(-128, 128, depth)
        case 1:
            return np.full(depth, rng.integers(-128, 128))
        case 2 | 3 as winners:
            row = np.full(depth, rng.choice([-128, int(rng.integers(-128, 127))]))
            row[rng.integers(0, depth, winners - 1)] = 127
            return row
        case 4:
            return rng.integers(-3, 3, depth) + int(rng.integers(-120, 120))
        case 5:
            return -128 + (np.arange(depth) * int(rng.integers(1, 9))) % 256
        case _:
            return rng.choice([-128, 127], depth)


@pytest.mark.parametrize("rounding", ["double", "float"])
def test_bit_exact_in_bulk(rounding: str, tmp_path: Path) -> None:
    rng = np.random.default_rng([cases.SEED, 99])
    models = [_supported(seed) for seed in range(cases.SOFTMAX_MODELS)]
    graph, _ = merge.merged([(model, {}) for model in models])
    samples = [
        {n: np.array([_row(rng, graph[n].shape[1]) for _ in range(_ROWS)], np.int8) for n in graph.inputs}
        for _ in range(_SAMPLES)
    ]
    binary = native.program(native.compiled(graph, rounding), tmp_path, *native.SANITIZE)
    for sample, actual in zip(samples, native.run(binary, graph, samples), strict=True):
        values = interpreter.run(graph, sample, rounding)
        for op in graph.ops:
            expected, got = values[op.outputs[0]], actual[op.outputs[0]]
            rows = np.flatnonzero((expected != got).any(axis=1))
            x = graph[op.inputs[0]]
            assert not rows.size, f"{op} scale {x.scale} row {sample[x.name][rows[0]]}: {got[rows[0]]}"


@pytest.mark.parametrize("depth", [512, LONGEST_ROW])
@pytest.mark.parametrize("rounding", ["double", "float"])
def test_long_rows(rounding: str, depth: int, tmp_path: Path) -> None:
    """512 equal classes have a code of 1/2 each, which is a tie; in the longest rows the sum is as large as it gets."""
    x = graphs.int8("x", (3, depth), Quant((0.001,), (0,)))
    graph = graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY))
    value = np.full(x.shape, 127, np.int8)
    value[1, ::2], value[2, 5:] = -128, -128
    binary = native.program(native.compiled(graph, rounding), tmp_path, *native.SANITIZE)
    (actual,) = native.run(binary, graph, [{"x": value}])
    assert np.array_equal(actual["y"], interpreter.run(graph, {"x": value}, rounding)["y"])


@pytest.mark.parametrize("rounding", ["double", "float"])
def test_two_equal_classes_share(rounding: str, tmp_path: Path) -> None:
    """Every pair of codes, at scales where the answer often is a tie."""
    pairs = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)), -1).reshape(-1, 2).astype(np.int8)
    parts = []
    for scale in (2.0**-8, 0.25, np.log(3), np.log(2), 1e-6):
        x = graphs.int8("x", pairs.shape, Quant((float(np.float32(scale)),), (0,)))
        graph = graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY))
        parts.append((graph, {"x": pairs}))
    graph, sample = merge.merged(parts)
    binary = native.program(native.compiled(graph, rounding), tmp_path)
    (actual,) = native.run(binary, graph, [sample])
    values = interpreter.run(graph, sample, rounding)
    for name in graph.outputs:
        assert np.array_equal(values[name], actual[name])
