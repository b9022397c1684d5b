"""Models that remember: several runs in a row, against LiteRT, in C, and from anew after a reset."""

from pathlib import Path

import cases
import graphs_recurrent
import litert
import native
import numpy as np
import pytest
from graphs_recurrent import BUILDERS, UNKNOWN_TO_LITERT

from aot import interpreter
from aot.fixedpoint import Array
from aot.frontends.tflite_writer import write
from aot.ir import Graph

_RUNS = 5
_ALL = {**BUILDERS, **UNKNOWN_TO_LITERT}


def _case(name: str, seed: int) -> tuple[Graph, list[dict[str, Array]]]:
    graph, first = cases.case(name, seed)
    others = [cases.inputs_of(graph, [seed, run]) for run in range(1, _RUNS)]
    return graph, [first, *others]


@pytest.mark.parametrize("name", BUILDERS)
def test_several_runs_equal_litert(name: str) -> None:
    for seed in range(20 * cases.TIMES):
        graph, samples = _case(name, seed)
        inputs = [[sample[name] for name in graph.inputs] for sample in samples]
        expected = [outputs[0] for outputs in litert.sequence(write(graph), inputs, litert.Resolver.REFERENCE)]
        for i, (values, wanted) in enumerate(zip(interpreter.run_all(graph, samples), expected, strict=True)):
            actual = values[graph.outputs[0]]
            message = f"seed {seed}, run {i}\n{graph}\n{actual}\n{wanted}"
            if actual.dtype == np.float32:
                close = graphs_recurrent.FLOAT_TOLERANCE * max(1.0, float(np.abs(wanted).max()))
                assert np.abs(actual - wanted).max() <= close, message
            else:
                assert actual.tolist() == wanted.tolist(), message


@pytest.mark.parametrize("name", _ALL)
def test_several_runs_in_c(name: str, tmp_path: Path) -> None:
    graph, samples = _case(name, 3)
    outputs = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, samples)
    for values, actual in zip(interpreter.run_all(graph, samples), outputs, strict=True):
        assert actual[graph.outputs[0]].tobytes() == values[graph.outputs[0]].tobytes()
