"""Recurrent layers of whose steps only the last is read had memory for the outputs of all of them."""

from pathlib import Path

import native
import numpy as np
import pytest
from onnx import helper
from onnx_models import graph_of, onnx_model, onnxruntime_answers

from aot.oracle import interpreter

make = helper.make_node
_STEPS, _UNITS, _DEPTH = 50, 5, 3
_GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
_READS = {
    "last state": (["", "h"], [make("Squeeze", ["h", "zero"], ["y"])]),
    "last step": (["all"], [make("Gather", ["all", "end"], ["s"], axis=0), make("Squeeze", ["s", "zero"], ["y"])]),
}


@pytest.mark.parametrize("reads", _READS)
@pytest.mark.parametrize("kind", _GATES)
def test_only_the_last_one_is_in_the_arena(kind: str, reads: str, tmp_path: Path) -> None:
    outputs, behind = _READS[reads]
    rng = np.random.default_rng(8)
    w, r = (rng.standard_normal((1, _GATES[kind] * _UNITS, n)).astype(np.float32) / 2 for n in (_DEPTH, _UNITS))
    known = {"w": w, "r": r, "zero": np.array([0]), "end": np.int64(-1)}
    nodes = [make(kind, ["x", "w", "r"], outputs, hidden_size=_UNITS), *behind]
    content = onnx_model(nodes, {"x": (_STEPS, 1, _DEPTH)}, {"y": (1, _UNITS)}, known)
    graph = graph_of(content)
    sample = {"x": rng.standard_normal((_STEPS, 1, _DEPTH)).astype(np.float32)}
    (wanted,) = (interpreter.run(graph, sample, "double")[name] for name in graph.outputs)
    np.testing.assert_allclose(wanted, onnxruntime_answers(content, sample)["y"], 1e-5, 1e-5)
    compiled = native.compiled(graph)
    assert compiled.plan.size < 4 * (_STEPS * _DEPTH + 8 * _UNITS)  # the input, gates and states
    (found,) = native.run(native.program(compiled, tmp_path, *native.SANITIZE), graph, [sample])
    np.testing.assert_array_equal(found[graph.outputs[0]], wanted)
