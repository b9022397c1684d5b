"""Random graphs of ONNX operators: the interpreter against onnxruntime, and the generated C against the interpreter.

Of quantized ones the codes are equal, in the rounding that is onnxruntime's.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cases
import merge
import native
import numpy as np
import pytest
import random_onnx_layers as layers
import random_onnx_nodes as nodes
import random_onnx_quantized as quantized
from onnx_models import answers, graph_of
from onnx_quantized import codes_of
from random_onnx import Growing, Maker, RandomModel, grown

from aot.graph.ir import Array, Graph
from aot.ops.dequantize import reals
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks

_COUNT = 12 * cases.TIMES
_IN_C = 6 * cases.TIMES  # of them
_KINDS = {
    "float": (Growing, (*nodes.MAKERS, *layers.MAKERS), "double"),
    "quantized": (quantized.Quantizing, quantized.MAKERS, "onnx"),
}


@cache
def _case(kind: str, seed: int) -> tuple[RandomModel, Graph]:
    growing, makers, _ = _KINDS[kind]
    model = grown(np.random.default_rng([31, cases.SEED, seed]), makers, kind=growing)
    return model, graph_of(model.content)


def _inputs(model: RandomModel, graph: Graph) -> dict[str, Array]:
    """The values of inputs, as codes where these are."""
    return {n: codes_of(model.inputs[graph[n].label], graph, n) for n in graph.inputs}


@pytest.mark.parametrize("seed", range(_COUNT))
def test_the_interpreter_answers_as_onnxruntime(seed: int) -> None:
    model, graph = _case("float", seed)
    _compare_reals(model, graph)


def _compare_reals(model: RandomModel, graph: Graph) -> None:
    found = answers(graph, model.inputs)
    for label, wanted in model.answers.items():
        assert found[label].dtype == wanted.dtype
        np.testing.assert_allclose(found[label], wanted, 1e-5, 1e-5, err_msg=f"%{label}\n{graph}")


@pytest.mark.parametrize("maker", dict.fromkeys((*nodes.MAKERS, *layers.MAKERS)), ids=lambda m: m.__name__)
def test_each_kind_of_node_alone(maker: Maker) -> None:
    for seed in range(max(1, cases.TIMES // 2)):
        model = grown(np.random.default_rng([32, cases.SEED, seed]), (maker,), most=3)
        _compare_reals(model, graph_of(model.content))


@pytest.mark.parametrize("seed", range(_COUNT))
def test_codes_are_onnxruntime_s(seed: int) -> None:
    model, graph = _case("quantized", seed)
    values = graph.values(_inputs(model, graph), "onnx")
    for name in graph.outputs:
        t, value = graph[name], values[name]
        got, step = (value, 1.0) if t.quant is None else (reals(value, t.quantization), t.scale)
        off = np.abs(got.astype(np.float64) - model.answers[t.label]) / step
        assert off.max() < 1e-3 + (t.label in model.loose), f"%{name}\n{graph}"


def _groups(kind: str) -> Iterator[list[int]]:
    """Seeds of graphs in one program."""
    for first in range(0, _IN_C, cases.GROUP):
        yield list(range(first, min(first + cases.GROUP, _IN_C)))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_plans")
@pytest.mark.parametrize("kind", _KINDS)
def test_the_c_answers_as_the_interpreter(kind: str, tmp_path: Path) -> None:
    rounding = _KINDS[kind][2]
    for i, seeds in enumerate(_groups(kind)):
        parts = [(graph, _inputs(model, graph)) for model, graph in (_case(kind, seed) for seed in seeds)]
        whole, sample = merge.merged(parts)
        binary = native.program(native.compiled(whole, rounding), tmp_path / str(i), *native.SANITIZE)
        (actual,) = native.run(binary, whole, [sample])
        wanted, slack = interpreter.run(whole, sample, rounding), slacks(whole)
        wrong = [n for n in whole.outputs if compare(wanted[n], actual[n], slack[n]).wrong.any()]
        assert not wrong, f"{wrong} of seeds {seeds}"
