"""FULLY_CONNECTED whose weights an inference computes, against LiteRT, and as C."""

from dataclasses import replace
from pathlib import Path

import graphs
import litert
import merge
import native
import numpy as np
import pytest

from aot.boards import load_board
from aot.errors import AotError
from aot.frontends.tflite import parse
from aot.frontends.tflite_writer import write
from aot.interpreter import run
from aot.ir import Graph, Tensor
from aot.ops.common import Activation
from aot.ops.fully_connected import FullyConnected
from aot.pipeline import compile

_SHAPES = (((3, 7), (3, 5)), ((2, 3, 7), (2, 3, 5)), ((2, 1, 3, 7), (6, 5)), ((21,), (3, 5)))  # of input and output
_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6)


def _file(dtype: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], activation: Activation) -> bytes:
    quants = {"x": graphs.Quant((0.05,), (-3,)), "w": graphs.Quant((0.02,), (0,)), "y": graphs.Quant((0.03,), (-100,))}
    sizes = {"x": shapes[0], "w": (5, 7), "y": shapes[1]}
    tensors = {n: Tensor(n, sizes[n], dtype, quants[n] if dtype == "int8" else None) for n in "xwy"}
    op = FullyConnected(name="y", inputs=("x", "w"), outputs=("y",), activation=activation)
    return write(Graph("net", tensors, (op,), ("x", "w"), ("y",)))


def _values(graph: Graph, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: graphs.values(rng, graph[name]) for name in graph.inputs}


@pytest.mark.parametrize("activation", _ACTIVATIONS)
@pytest.mark.parametrize("shapes", _SHAPES)
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_equals_litert(dtype: str, shapes: tuple[tuple[int, ...], tuple[int, ...]], activation: Activation) -> None:
    content = _file(dtype, shapes, activation)
    graph = parse(content, "net")
    assert graph.ops and not any(isinstance(op, FullyConnected) for op in graph.ops)
    resolver = litert.Resolver.REFERENCE if dtype == "float32" else litert.Resolver.BUILTIN
    for seed in range(10):
        values = _values(graph, seed)
        (expected,) = litert.outputs(content, list(values.values()), resolver)
        assert run(graph, values)["y"].tobytes() == expected.tobytes(), graph


def test_in_c(tmp_path: Path) -> None:
    parts = [parse(_file(t, shapes, a), "net") for t in ("int8", "float32") for shapes in _SHAPES for a in _ACTIVATIONS]
    graph, sample = merge.merged([(part, _values(part, 1)) for part in parts])
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    values = run(graph, sample)
    for name in graph.outputs:
        assert actual[name].tobytes() == values[name].tobytes(), name


def test_a_bias_is_refused() -> None:
    graph = parse(_file("int8", _SHAPES[0], Activation.NONE), "net")
    bias = Tensor("b", (5,), "int32", None, np.arange(5, dtype=np.int32))
    op = FullyConnected(name="y", inputs=("x", "w", "b"), outputs=("y",))
    graph = parse(write(replace(graph.with_tensors(bias), ops=(op,))), "net")
    with pytest.raises(AotError, match=r"weights\) is not constant"):
        compile(graph, load_board("host"), "0" * 64)
