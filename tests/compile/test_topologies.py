"""Operators connected in every awkward way: views, in place, several outputs, inputs that are outputs."""

from pathlib import Path

import merge
import native
import numpy as np
import pytest
from topologies import TOPOLOGIES

from aot.compile.printing import make, print_model
from aot.device.verify import run as run_on_device
from aot.device.verify import verify_layers
from aot.graph.ir import Graph
from aot.oracle import interpreter


def _samples(graph: Graph) -> list[merge.Sample]:
    rng = np.random.default_rng(3)
    draw = rng.integers
    return [{n: draw(-128, 128, graph[n].shape).astype(np.int8) for n in graph.inputs} for _ in range(3)]


def _merged() -> tuple[Graph, list[merge.Sample]]:
    """All of them as one graph, and its samples."""
    runs = [merge.merged([(g, _samples(g)[i]) for g in TOPOLOGIES.values()]) for i in range(3)]
    return runs[0][0], [sample for _, sample in runs]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_alone(name: str, tmp_path: Path) -> None:
    """Natively, with sanitizers; one sample after the other in the same arena."""
    graph = TOPOLOGIES[name]
    samples = _samples(graph)
    model = native.compiled(graph)
    outputs = native.run(native.program(model, tmp_path, *native.SANITIZE), graph, samples)
    for values, actual in zip(interpreter.run_all(graph, samples), outputs, strict=True):
        for output in graph.outputs:
            assert actual[output].tolist() == values[output].tolist()


def test_together_on_a_board(tmp_path: Path) -> None:
    graph, samples = _merged()
    model = native.compiled(graph, board="mps2-an386")
    assert run_on_device(model, make(model, tmp_path), samples, count=False).first_difference is None


def test_layers_on_a_board(tmp_path: Path) -> None:
    """Each layer is right at the time it is computed."""
    graph, samples = _merged()
    model = native.compiled(graph, board="mps2-an386")
    firmware = make(model, tmp_path, trace=True)
    assert verify_layers(model, firmware, samples).first_difference is None


def test_a_trace_shows_every_output_of_an_operator() -> None:
    model = native.compiled(TOPOLOGIES["several outputs of one operator"])
    assert sorted(model.held.layers) == ["a", "b", "s", "y"]
    assert [f"TRACE({i}, " in print_model(model)["net.c"] for i in range(5)] == [True] * 4 + [False]


def test_a_chain_in_place_needs_the_memory_of_one_tensor() -> None:
    assert native.compiled(TOPOLOGIES["in-place chain"]).plan.size == 24
