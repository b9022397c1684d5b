"""The node tests of the package onnx: what is in the list passes, in the interpreter and in C; all in a longer run."""

from functools import cache
from pathlib import Path

import cases
import merge
import native
import numpy as np
import pytest
from node_tests import PASSING, REFUSED, NodeTest, fault, node_tests, passing, read

from aot.graph.ir import Graph
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks

SAMPLE = 36


@cache
def _chosen() -> list[tuple[NodeTest, Graph]]:
    """Tests and what is read of them; onnx drops some now and then."""
    names = passing()
    order = np.random.default_rng(cases.SEED).permutation(len(names))
    tests, count = node_tests(), len(names) if cases.TIMES > 1 else SAMPLE
    found = [tests[names[i]] for i in order[:count] if names[i] in tests]
    assert len(found) >= 0.9 * count
    return [(test, read(test)) for test in found]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_plans")
class TestNodes:
    def test_the_interpreter_answers_as_the_standard_does(self) -> None:
        faults = {test.name: fault(test, graph) for test, graph in _chosen()}
        assert not {name: reason for name, reason in faults.items() if reason}

    def test_the_c_answers_as_the_interpreter_does(self, tmp_path: Path) -> None:
        """Many graphs in one program."""
        wrong = []
        running = [(test, graph) for test, graph in _chosen() if graph.ops]
        for first in range(0, len(running), cases.GROUP):
            group = running[first : first + cases.GROUP]
            wrong += _differing(group, tmp_path / str(first))
        assert not wrong, "\n".join(wrong)


def _differing(group: list[tuple[NodeTest, Graph]], folder: Path) -> list[str]:
    """The tests of a group that answer otherwise in C."""
    parts = [(graph, _given(test, graph)) for test, graph in group]
    whole, sample = merge.merged(parts)
    binary = native.program(native.compiled(whole), folder, *native.SANITIZE)
    (actual,) = native.run(binary, whole, [sample])
    wrong = []
    for i, ((test, graph), (_, inputs)) in enumerate(zip(group, parts, strict=True)):
        values = interpreter.run(graph, inputs, "double")
        slack = slacks(graph)
        for name in graph.outputs:
            if compare(values[name], actual[merge.prefixed(i, name)], slack[name]).wrong.any():
                wrong.append(f"{test.name}: {name} differs\n{graph}")
    return wrong


def _given(test: NodeTest, graph: Graph) -> merge.Sample:
    return {name: test.inputs[graph[name].label] for name in graph.inputs}


def test_lists_are_in_order_and_apart() -> None:
    refused = [line.split(":")[0] for line in REFUSED.read_text().splitlines()]
    assert passing() == sorted(set(passing())), PASSING
    assert refused == sorted(set(refused)), REFUSED
    assert not set(passing()) & set(refused)
