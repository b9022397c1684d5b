"""Operators in stripes: the same answers, whatever is split and however; and `--max-ram` keeps its promise."""

from pathlib import Path

import native
import numpy as np
import pytest
from command import aot, refused

from aot import interpreter
from aot.frontends import tflite
from aot.ir import Graph
from aot.kernels import Target
from aot.passes import run_passes
from aot.passes.split_rows import segments, split_rows
from aot.patches import lower_within, macs

_MODEL = Path(__file__).parent.parent / "examples" / "digits" / "digits.tflite"


def _graph() -> Graph:
    return run_passes(tflite.load(_MODEL))


def _answers(graph: Graph) -> list[bytes]:
    x = graph[graph.inputs[0]]
    sample = {x.name: np.random.default_rng(3).integers(-128, 128, x.shape).astype(np.int8)}
    values = interpreter.run(graph, sample)
    return [values[name].tobytes() for name in graph.outputs]


def test_every_split_answers_the_same() -> None:
    graph = _graph()
    expected = _answers(graph)
    count = 0
    for around in range(len(graph.ops)):
        for first, end in segments(graph, around, 3):
            for stripes in (2, 3, 4):
                split = split_rows(graph, first, end, stripes)
                if split is not None:
                    split.check()
                    assert _answers(split) == expected, (first, end, stripes)
                    assert macs(split) >= macs(graph)
                    count += 1
    assert count > 20


def test_results_read_inside_are_not_split() -> None:
    graph = _graph()
    assert split_rows(graph, 0, 1, graph[graph.ops[0].outputs[0]].shape[1] + 1) is None


def test_native_code_in_stripes(tmp_path: Path) -> None:
    """Weights are there once, and the answers are the model's."""
    whole = native.compiled(tflite.load(_MODEL))
    graph = whole.source
    limit = whole.plan.size - 100
    model = native.compiled(graph, max_ram=limit)
    assert model.plan.size <= limit and model.recomputed > 0
    assert model.weights_bytes == whole.weights_bytes
    x = graph[graph.inputs[0]]
    samples = [{x.name: np.random.default_rng(i).integers(-128, 128, x.shape).astype(np.int8)} for i in range(3)]
    for sample, answer in zip(samples, native.run(native.program(model, tmp_path), graph, samples), strict=True):
        expected = interpreter.run(graph, sample)
        assert all(np.array_equal(answer[name], expected[name]) for name in graph.outputs)


def test_enough_memory_changes_nothing() -> None:
    graph = _graph()
    assert macs(lower_within(graph, Target(), 10**6).graph) == macs(graph)


def test_build(tmp_path: Path) -> None:
    command = ("build", _MODEL, "--board", "mps2-an386", "--no-compile", "--json")
    whole = aot(*command, "-o", tmp_path / "whole").json
    assert whole["recomputed_macs"] == 0
    values = aot(*command, "-o", tmp_path / "stripes", "--max-ram", whole["arena_bytes"] - 50).json
    assert values["arena_bytes"] <= whole["arena_bytes"] - 50 and values["recomputed_macs"] > 0


@pytest.mark.parametrize("limit", [1, 100])
def test_what_cannot_be(limit: int, tmp_path: Path) -> None:
    error = refused("build", _MODEL, "--board", "host", "-o", tmp_path / "x", "--max-ram", limit)
    assert f"no way was found to run digits in {limit} bytes of arena" in str(error)
