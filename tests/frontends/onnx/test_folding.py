"""Constants that follow a layer become part of it, where nobody else reads what it computes."""

import numpy as np
import pytest
from onnx import NodeProto, helper
from onnx_models import answers, graph_of, onnx_model, onnxruntime_answers

from aot.graph.ir import Array

_SEED = np.random.default_rng(16)
_make = helper.make_node


def _random(*shape: int) -> Array:
    return _SEED.uniform(0.5, 1.5, shape).astype(np.float32)


def _kinds(nodes: list[NodeProto], outputs: dict[str, tuple[int, ...]], **constants: Array) -> list[str]:
    """The operators that are left; the answers are onnxruntime's."""
    content = onnx_model(nodes, {"x": (1, 3, 4, 4)}, outputs, {"w": _random(5, 3, 1, 1), **constants})
    graph = graph_of(content, io_layout="nhwc")
    x = _random(1, 3, 4, 4)
    found, wanted = answers(graph, {"x": x.transpose(0, 2, 3, 1)}), onnxruntime_answers(content, {"x": x})
    for name, value in wanted.items():
        turned = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
        np.testing.assert_allclose(found[name], turned, rtol=1e-6, atol=1e-5)
    return [op.kind for op in graph.ops if op.kind != "Reshape"]


def test_batch_normalization_and_what_follows_it() -> None:
    nodes = [
        _make("Conv", ["x", "w"], ["a"]),
        _make("BatchNormalization", ["a", "s", "o", "m", "v"], ["b"]),
        _make("Mul", ["k", "b"], ["c"]),
        _make("Add", ["c", "one"], ["y"]),
    ]
    channels = {name: _random(5) for name in "somv"}
    assert _kinds(nodes, {"y": (1, 5, 4, 4)}, k=_random(5, 1, 1), one=_random(1), **channels) == ["Conv2D"]


def test_a_bias_behind_a_product_of_matrices() -> None:
    nodes = [
        _make("Flatten", ["x"], ["f"]),
        _make("MatMul", ["f", "d"], ["a"]),
        _make("Add", ["a", "b"], ["y"]),
        _make("Conv", ["x", "w"], ["z"]),
    ]
    kinds = _kinds(nodes, {"y": (1, 7), "z": (1, 5, 4, 4)}, d=_random(48, 7), b=_random(7))
    assert kinds == ["FullyConnected", "Conv2D"]


@pytest.mark.parametrize("second", ["Identity", "Relu", "Add"])
def test_what_something_else_reads_stays_as_it_is(second: str) -> None:
    """Also where names that stand for the same tensor are read once each."""
    nodes = [
        _make("Conv", ["x", "w"], ["a"]),
        _make("Identity", ["a"], ["i"]),
        _make("Add", ["i", "k"], ["y"]),
        _make(second, ["a", "a"] if second == "Add" else ["a"], ["z"]),
    ]
    assert "Add" in _kinds(nodes, {"y": (1, 5, 4, 4), "z": (1, 5, 4, 4)}, k=_random(5, 1, 1))


def test_a_constant_along_another_axis_stays() -> None:
    nodes = [_make("Conv", ["x", "w"], ["a"]), _make("Add", ["a", "k"], ["y"])]
    assert _kinds(nodes, {"y": (1, 5, 4, 4)}, k=_random(4, 1)) == ["Conv2D", "Add"]
