"""Operators that no .tflite file can say: `evaluate` against a second definition, and what the writer says of them."""

from dataclasses import replace

import cases
import definitions
import numpy as np
import pytest
from counts import INTERPRETER, count
from definitions import DEFINITIONS
from graphs_own import OWN
from graphs_own_images import INTEGER

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, ROUNDINGS, Rounding
from aot.graph.ir import Graph
from aot.ops.codes import has_codes
from aot.ops.real_functions import FUNCTIONS
from aot.oracle.interpreter import run

# What operators of files can stand for (tests/frontends/test_compositions.py).
_SAID_BY_OTHERS = {
    "Clip float32",
    *(f"RealFunction {name}" for name in ("celu", "elu", "hard_sigmoid", "mish", "reciprocal", "selu", "softplus",
                                          "softsign", "swish")),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_evaluate_equals_its_second_definition(name: str) -> None:
    for seed in cases.seeds(name, OWN):
        graph, inputs = cases.case(name, seed)
        (op,) = graph.ops
        definition = DEFINITIONS[type(op)]
        coded = any(has_codes(t) for t in graph.tensors.values())
        for rounding in INTEGER_ROUNDINGS if coded else ROUNDINGS:  # of codes, `onnx` is the function of reals
            values = run(graph, inputs, rounding)
            for output, expected in zip(op.outputs, definition.outputs(op, graph, inputs), strict=True):
                actual = values[output]
                assert actual.shape == expected.shape, graph
                where = np.flatnonzero(definition.wrong(actual, expected))[:5]
                shown = actual.reshape(-1)[where], expected.reshape(-1)[where]
                assert where.size == 0, f"seed {seed}, at {where}: {shown}\n{graph}"
        count(INTERPRETER, graph)


@pytest.mark.parametrize("name", sorted(OWN.keys() - _SAID_BY_OTHERS))
def test_a_file_cannot_say_it(name: str) -> None:
    graph, _ = cases.case(name, 0)
    with pytest.raises(AotError, match=f"= {graph.ops[0].kind}\\(.* cannot be written to a .tflite file"):
        write(graph)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", INTEGER)
def test_groups_equal_filters_that_are_zero_elsewhere(name: str, rounding: Rounding) -> None:
    for seed in range(12):
        graph, inputs = cases.case(name, seed)
        expected = run(_without_groups(graph), inputs, rounding)["y"]
        assert run(graph, inputs, rounding)["y"].tolist() == expected.tolist(), f"seed {seed}\n{graph}"


def _without_groups(graph: Graph) -> Graph:
    x, w = graph["x"], graph["w"]
    depth = w.shape[3]
    group_out = w.shape[0] * depth // x.shape[3]
    spread = np.zeros((*w.shape[:3], x.shape[3]), w.dtype)
    for o in range(w.shape[0]):
        first = o // group_out * depth
        spread[o, :, :, first : first + depth] = w.values[o]
    return graph.with_tensors(replace(w, shape=spread.shape, data=spread))


def test_every_function_has_a_second_definition() -> None:
    assert set(FUNCTIONS) == set(definitions.FUNCTIONS)
