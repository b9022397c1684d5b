"""Networks that PyTorch's PT2E quantizes: integers from port to port, and onnxruntime's codes."""

from pathlib import Path

import pytest
from onnx_quantized import differences, float_kinds, normal_graph, samples

from aot.ops.transpose import Transpose
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

_FOLDER = Path(__file__).parents[2] / "data" / "pt2e"
_MODELS = sorted(path.stem for path in _FOLDER.glob("*.onnx"))


def test_there_are_models() -> None:
    assert len(_MODELS) == 5


@pytest.mark.parametrize("name", _MODELS)
def test_codes_are_those_of_onnxruntime(name: str) -> None:
    content = (_FOLDER / f"{name}.onnx").read_bytes()
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    assert float_kinds(graph) == set()
    of_images = sum(len(graph[n].shape) == 4 for n in (*graph.inputs, *graph.outputs))
    assert sum(isinstance(op, Transpose) for op in graph.ops) <= max(of_images, 1)
    given = samples({graph[n].label: graph[n].shape for n in graph.inputs}, 10, 4)
    differ, total, _ = differences(content, graph, given, "onnx")
    assert (differ, total > 0) == (0, True)
