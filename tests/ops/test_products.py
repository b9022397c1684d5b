"""FULLY_CONNECTED whose weights an inference computes, against LiteRT, and as C."""

from dataclasses import replace
from pathlib import Path

import graphs
import litert
import merge
import native
import numpy as np
import pytest
from reading import parse

from aot.base.errors import AotError
from aot.compile.pipeline import compile
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Tensor
from aot.ops.common import Activation
from aot.ops.fully_connected import FullyConnected
from aot.oracle.interpreter import run
from aot.targets import load_board

pytestmark = pytest.mark.operator("FULLY_CONNECTED")

_SHAPES = (((3, 7), (3, 5)), ((2, 3, 7), (2, 3, 5)), ((2, 1, 3, 7), (6, 5)), ((21,), (3, 5)))  # of input and output
Shapes = tuple[tuple[int, ...], tuple[int, ...]]
_ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)
_BIASES = (*((t, b) for t in ("int8", "float32") for b in ("none", "constant")), ("float32", "computed"))


def _file(dtype: str, shapes: Shapes, activation: Activation, bias: str = "none") -> bytes:
    quants = {"x": graphs.Quant((0.05,), (-3,)), "w": graphs.Quant((0.02,), (0,)), "y": graphs.Quant((0.03,), (-100,))}
    sizes = {"x": shapes[0], "w": (5, 7), "y": shapes[1]}
    tensors = {n: Tensor(n, sizes[n], dtype, quants[n] if dtype == "int8" else None) for n in "xwy"}
    given = ("x", "w", *(("b",) if bias == "computed" else ()))
    if bias != "none":
        data = np.arange(-500, 500, 200)
        b = Tensor("b", (5,), "int32", graphs.Quant((0.001,), (0,))) if dtype == "int8" else Tensor("b", (5,), dtype)
        data = data if dtype == "int8" else data / 300
        tensors["b"] = b if bias == "computed" else replace(b, data=data.astype(b.dtype))
    inputs = ("x", "w", *(("b",) if bias != "none" else ()))
    op = FullyConnected(name="y", inputs=inputs, outputs=("y",), activation=activation)
    return write(Graph("net", tensors, (op,), given, ("y",)))


def _values(graph: Graph, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: graphs.values(rng, graph[name]) for name in graph.inputs}


@pytest.mark.parametrize("activation", _ACTIVATIONS)
@pytest.mark.parametrize("shapes", _SHAPES)
@pytest.mark.parametrize(("dtype", "bias"), _BIASES)
def test_equals_litert(dtype: str, bias: str, shapes: Shapes, activation: Activation) -> None:
    content = _file(dtype, shapes, activation, bias)
    graph = parse(content, "net")
    assert graph.ops and not any(isinstance(op, FullyConnected) for op in graph.ops)
    resolver = litert.Resolver.REFERENCE if dtype == "float32" else litert.Resolver.BUILTIN
    for seed in range(10):
        values = _values(graph, seed)
        (expected,) = litert.outputs(content, list(values.values()), resolver)
        assert run(graph, values)["y"].tobytes() == expected.tobytes(), graph


def test_a_computed_bias_of_constant_weights() -> None:
    x, b, y = Tensor("x", (2, 3), "float32"), Tensor("b", (4,), "float32"), Tensor("y", (2, 4), "float32")
    w = Tensor("w", (4, 3), "float32", data=np.arange(12, dtype=np.float32).reshape(4, 3) / 7)
    op = FullyConnected(name="y", inputs=("x", "w", "b"), outputs=("y",), activation=Activation.RELU)
    content = write(Graph("net", {t.name: t for t in (x, w, b, y)}, (op,), ("x", "b"), ("y",)))
    graph = parse(content, "net")
    values = _values(graph, 3)
    (expected,) = litert.outputs(content, list(values.values()), litert.Resolver.REFERENCE)
    assert run(graph, values)["y"].tobytes() == expected.tobytes(), graph


def test_in_c(tmp_path: Path) -> None:
    parts = [parse(_file(t, shapes, a, b), "net") for t, b in _BIASES for shapes in _SHAPES for a in _ACTIVATIONS]
    graph, sample = merge.merged([(part, _values(part, 1)) for part in parts])
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    values = run(graph, sample)
    for name in graph.outputs:
        assert actual[name].tobytes() == values[name].tobytes(), name


def test_a_bias_that_cannot_be() -> None:
    for dtype, shape, reason in (("int32", (4,), r"expected \[5\]"), ("int64", (5,), "supported: int32")):
        graph = parse(_file("int8", _SHAPES[0], Activation.NONE), "net")
        bias = Tensor("b", shape, dtype, None, np.arange(shape[0]).astype(dtype))
        (op,) = graph.ops
        graph = replace(graph.with_tensors(bias), ops=(replace(op, inputs=("x", "w", "b")),))
        with pytest.raises(AotError, match=reason):
            compile(graph, load_board("host"), "0" * 64)
