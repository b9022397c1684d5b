"""LSTMs of integers that go backwards: their C went forwards."""

from pathlib import Path

import cases
import native
import numpy as np
import pytest

from aot.graph.ir import Graph
from aot.oracle import interpreter


@pytest.mark.parametrize("name", ["Lstm of int8", "Lstm of int16"])
def test_the_last_step_comes_first(name: str, tmp_path: Path) -> None:
    found = (cases.case(name, seed) for seed in range(99))
    graph, inputs = next((_backwards(graph), inputs) for graph, inputs in found if min(graph["x"].shape[:2]) > 1)
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path), graph, [inputs])
    assert np.array_equal(actual["y"], interpreter.run(graph, inputs)["y"])


def _backwards(graph: Graph) -> Graph:
    (op,) = graph.ops
    return Graph(graph.name, graph.tensors, (op.changed(reverse=True),), graph.inputs, graph.outputs, graph.state)
