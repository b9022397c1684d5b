"""Networks in the styles that people use, as both exporters of PyTorch write them, answer as in onnxruntime."""

from pathlib import Path

import numpy as np
import pytest
from onnx_models import answers, graph_of

from aot.ops.transpose import Transpose

_HERE = Path(__file__).parent / "networks"
_NETWORKS = sorted(path.name.removesuffix(".onnx") for path in _HERE.glob("*.onnx"))


@pytest.mark.parametrize("name", _NETWORKS)
def test_answers_as_in_onnxruntime(name: str) -> None:
    arrays = np.load(_HERE / f"{name}.npz")
    graph = graph_of((_HERE / f"{name}.onnx").read_bytes())
    given = {graph[port].label: arrays[f"in {graph[port].label}"] for port in graph.inputs}
    found = answers(graph, given)
    wanted = {key.removeprefix("out "): arrays[key] for key in arrays if key.startswith("out ")}
    assert found.keys() == wanted.keys()
    for port, value in wanted.items():
        assert found[port].shape == value.shape
        np.testing.assert_allclose(found[port], value, rtol=1e-5, atol=1e-5)


_LEFT = {
    "shuffle": 2,
    "attention": 4,
    "encoder": 4,
    "detector": 1,
    "pixel_shuffle": 1,
    "text": 1,
}  # inside, not at ports


@pytest.mark.parametrize("name", _NETWORKS)
def test_transposes_are_left_at_ports_alone(name: str) -> None:
    """But for operators that mix channels, heads or anchors."""
    graph = graph_of((_HERE / f"{name}.onnx").read_bytes())
    left = [op for op in graph.ops if isinstance(op, Transpose)]
    ports = len(graph.inputs) + len(graph.outputs)
    assert len(left) <= ports + _LEFT.get(name.split(".")[0], 0), [str(op) for op in left]
