"""Dense layers of int16 in `float` are LiteRT's: they were TensorFlow Lite Micro's, whose multiplier has 15 bits."""

from pathlib import Path

import emulated
import graphs
import litert
import merge
import native
import numpy as np
import pytest

from aot.frontends.tflite.writer import write
from aot.graph.ir import Array, Graph, Quant, Tensor
from aot.ops.fully_connected import FullyConnected
from aot.oracle.interpreter import run

pytestmark = pytest.mark.operator("FULLY_CONNECTED")

BIASES = (None, "int32", "int64")
STRICT = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()
IN_A_PROGRAM = 24


def _layer(bias: str | None, seed: int) -> Graph:
    """One scale or one for each channel; outputs over all of int16 and beyond; a third with exact ties."""
    rng = np.random.default_rng([seed, BIASES.index(bias)])
    rows, depth, units = (int(rng.integers(1, high)) for high in (4, 40, 30))
    ties = seed % 3 == 0
    count = units if seed % 2 and units > 1 else 1
    scales = 2.0 ** rng.integers(-9, -6, count) if ties else 10 ** rng.uniform(-3, -2, count)
    step = float(np.float32(2.0**-8 if ties else 10 ** rng.uniform(-4, -2)))
    w_quant = Quant(tuple(float(np.float32(s)) for s in scales), (0,) * count, 0 if count > 1 else None)
    size = step * max(w_quant.scale) * depth**0.5 * 70 * 10 ** rng.uniform(-1, 0.3)
    y_scale = 2.0 ** np.round(np.log2(size)) if ties else float(np.float32(size))
    tensors = [
        Tensor("x", (rows, depth), "int16", Quant((step,), (0,))),
        Tensor("w", (units, depth), "int8", w_quant, rng.integers(-127, 128, (units, depth)).astype(np.int8)),
    ]
    if bias:
        quant = Quant(tuple(float(np.float32(step * s)) for s in w_quant.scale), (0,) * count, w_quant.axis)
        largest = 10**6 if bias == "int32" else 10**10
        tensors.append(Tensor("b", (units,), bias, quant, rng.integers(-largest, largest, units).astype(bias)))
    y = Tensor("y", (rows, units), "int16", Quant((y_scale,), (0,)))
    return graphs.graph_of(FullyConnected, tensors, y, activation=graphs.activation(rng))


def _case(bias: str | None, seed: int) -> merge.Case:
    graph = _layer(bias, seed)
    x = np.random.default_rng(seed).integers(-32768, 32768, graph["x"].shape).astype(np.int16)
    return graph, {"x": x}


def _answer(graph: Graph, values: merge.Sample) -> Array:
    (answer,) = litert.outputs(write(graph), [values["x"]], litert.Resolver.XNNPACK)
    return answer


@pytest.mark.parametrize("bias", BIASES)
def test_each_bias_equals_the_default_interpreter(bias: str | None) -> None:
    for seed in range(150):
        graph, values = _case(bias, seed)
        assert run(graph, values, "float")["y"].tobytes() == _answer(graph, values).tobytes(), f"seed {seed}\n{graph}"


def test_the_roundings_differ() -> None:
    """Else this file would prove nothing."""
    answers = [[run(*_case(bias, seed), way)["y"].tobytes() for way in ("double", "float")] for bias in BIASES
               for seed in range(150)]  # fmt: skip
    assert sum(double != real for double, real in answers) > 40


def test_sums_that_may_leave_32_bits() -> None:
    """Without a bias; LiteRT's sums of 32 bits hold those of most inputs."""
    rng = np.random.default_rng(1)
    w = Tensor("w", (3, 600), "int8", Quant((0.01,), (0,)), rng.integers(100, 128, (3, 600)).astype(np.int8))
    x, y = (Tensor(name, (1, n), "int16", Quant((s,), (0,))) for name, n, s in (("x", 600, 1e-3), ("y", 3, 0.3)))
    graph = graphs.graph_of(FullyConnected, [x, w], y)
    values = {"x": rng.integers(-32768, 32768, (1, 600)).astype(np.int16)}
    assert run(graph, values, "float")["y"].tobytes() == _answer(graph, values).tobytes()


def _merged(first: int) -> tuple[list[merge.Case], Graph, merge.Sample]:
    parts = [_case(BIASES[seed % 3], first + seed // 3) for seed in range(IN_A_PROGRAM)]
    return parts, *merge.merged(parts)


def _assert_litert(parts: list[merge.Case], actual: merge.Sample) -> None:
    for i, (graph, values) in enumerate(parts):
        assert actual[merge.prefixed(i, "y")].tobytes() == _answer(graph, values).tobytes(), graph


@pytest.mark.parametrize("first", [0, 8])
def test_the_c_here(first: int, tmp_path: Path) -> None:
    parts, graph, sample = _merged(first)
    binary = native.program(native.compiled(graph, "float"), tmp_path, *native.SANITIZE, *STRICT)
    (actual,) = native.run(binary, graph, [sample])
    _assert_litert(parts, actual)


@pytest.mark.parametrize("board", ["mps2-an385", "mps2-an386"])
def test_the_c_on_a_core(board: str, tmp_path: Path) -> None:
    """Without an FPU; with one of single precision, and the kernels of the DSP extension."""
    parts, graph, sample = _merged(16)
    (actual,) = emulated.run(native.compiled(graph, "float", board), tmp_path, [sample])
    _assert_litert(parts, actual)
