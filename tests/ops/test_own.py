"""Operators that no .tflite file can say: `evaluate` against a second definition, and what the writer says of them."""

import cases
import definitions
import numpy as np
import pytest
from counts import INTERPRETER, count
from definitions import DEFINITIONS
from graphs_own import OWN

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import ROUNDINGS
from aot.ops.real_functions import FUNCTIONS
from aot.oracle.interpreter import run


@pytest.mark.parametrize("name", OWN)
def test_evaluate_equals_its_second_definition(name: str) -> None:
    for seed in cases.seeds(name, OWN):
        graph, inputs = cases.case(name, seed)
        (op,) = graph.ops
        definition = DEFINITIONS[type(op)]
        for rounding in ROUNDINGS:
            values = run(graph, inputs, rounding)
            for output, expected in zip(op.outputs, definition.outputs(op, graph, inputs), strict=True):
                actual = values[output]
                assert actual.shape == expected.shape, graph
                where = np.flatnonzero(definition.wrong(actual, expected))[:5]
                shown = actual.reshape(-1)[where], expected.reshape(-1)[where]
                assert where.size == 0, f"seed {seed}, at {where}: {shown}\n{graph}"
        count(INTERPRETER, graph)


@pytest.mark.parametrize("name", OWN)
def test_a_file_cannot_say_it(name: str) -> None:
    graph, _ = cases.case(name, 0)
    with pytest.raises(AotError, match=f"= {graph.ops[0].kind}\\(.* cannot be written to a .tflite file"):
        write(graph)


def test_every_function_has_a_second_definition() -> None:
    assert set(FUNCTIONS) == set(definitions.FUNCTIONS)
