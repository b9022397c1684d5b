"""Networks of several kinds answer as they do in onnxruntime."""

from pathlib import Path

import native
import numpy as np
import pytest
from onnx_models import answers, graph_of, onnxruntime_answers
from onnx_networks import NETWORKS, inputs_of

from aot.oracle.tolerance import compare, slacks

_OF_REALS = [name for name in NETWORKS if name != "quantized"]  # whose ports are codes: test_quantized.py


@pytest.mark.parametrize("name", _OF_REALS)
def test_answers_are_those_of_onnxruntime(name: str) -> None:
    content = NETWORKS[name]()
    graph = graph_of(content)
    for seed in range(4):
        inputs = inputs_of(content, seed)
        wanted = onnxruntime_answers(content, inputs)
        found = answers(graph, inputs, "float")
        assert found.keys() == wanted.keys()
        for label, value in wanted.items():
            np.testing.assert_allclose(found[label], value, rtol=1e-4, atol=1e-5, err_msg=label)


@pytest.mark.parametrize("name", _OF_REALS)
def test_the_c_answers_the_same(name: str, tmp_path: Path) -> None:
    content = NETWORKS[name]()
    compiled = native.compiled(graph_of(content))
    labels = {n: compiled.source[n].label for n in compiled.graph.inputs}
    samples = [{n: inputs_of(content, seed)[label] for n, label in labels.items()} for seed in range(3)]
    found = native.run(native.program(compiled, tmp_path, *native.SANITIZE), compiled.graph, samples)
    slack = slacks(compiled.graph)
    for sample, outputs in zip(samples, found, strict=True):
        values = compiled.graph.values(sample, "double")
        for n in compiled.graph.outputs:
            assert not compare(values[n], outputs[n], slack[n]).wrong.any(), n
