"""The C of quantized networks answers as the interpreter, and so as onnxruntime."""

from pathlib import Path

import native
import numpy as np
import pytest
from onnx_quantized import NETWORKS, normal_graph, quantized

from aot.oracle import interpreter
from aot.oracle.samples import random_samples


@pytest.mark.parametrize("rounding", ["onnx", "double"])
@pytest.mark.parametrize("network", NETWORKS)
def test_c_equals_the_interpreter(network: str, rounding: str, tmp_path: Path) -> None:
    graph = normal_graph(quantized(NETWORKS[network](), "QDQ", "QUInt8", "QInt8", per_channel=True))
    assert {graph[n].dtype for n in (*graph.inputs, *graph.outputs)} <= {"int8", "uint8"}
    samples = random_samples(graph, 3, 5)
    program = native.program(native.compiled(graph, rounding=rounding), tmp_path, *native.SANITIZE)
    for sample, answer in zip(samples, native.run(program, graph, samples), strict=True):
        wanted = interpreter.run(graph, sample, rounding)
        for name in graph.outputs:
            assert np.array_equal(answer[name], wanted[name])
