"""Rows of attention of which everything is masked were not-a-number: the largest of minus infinities was finite."""

from pathlib import Path

import native
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import answers, graph_of, onnxruntime_answers

_REALS = np.random.default_rng(6).standard_normal((3, 1, 2, 4, 8)).astype(np.float32)


def _attention(**attributes: int) -> bytes:
    node = helper.make_node("Attention", ["q", "k", "v", "mask"], ["y"], **attributes)
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, 2, 4, 8)) for n in "qkvy"]
    mask = helper.make_tensor_value_info("mask", TensorProto.BOOL, (4, 4))
    graph = helper.make_graph([node], "model", [*ports[:3], mask], ports[3:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10).SerializeToString()


@pytest.mark.parametrize("is_causal", [0, 1])
def test_what_is_masked_counts_for_nothing(is_causal: int) -> None:
    mask = np.random.default_rng(7).random((4, 4)) > 0.4
    mask[1] = False
    given = {**dict(zip("qkv", _REALS, strict=True)), "mask": mask}
    content = _attention(is_causal=is_causal)
    found = answers(graph_of(content), given)["y"]
    assert not found[:, :, 1].any()
    np.testing.assert_allclose(found, onnxruntime_answers(content, given)["y"], 1e-5, 1e-5)


@pytest.mark.parametrize(("kind", "limit"), [("ReduceMax", -np.inf), ("ReduceMin", np.inf)])
def test_extremes_may_be_infinite(kind: str, limit: float, tmp_path: Path) -> None:
    node = helper.make_node(kind, ["x", "axes"], ["y"], keepdims=0)
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", (2, 3)), ("y", (2,)))]
    made = helper.make_graph([node], "model", ports[:1], ports[1:], [numpy_helper.from_array(np.array([1]), "axes")])
    content = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    x, graph = np.array([[limit] * 3, [1, limit, 2]], np.float32), graph_of(content)
    expected = np.array([limit, 2 if kind == "ReduceMax" else 1], np.float32)
    (found,) = native.run(native.program(native.compiled(graph), tmp_path), graph, [{"x": x}])
    np.testing.assert_array_equal(answers(graph, {"x": x})["y"], expected)
    np.testing.assert_array_equal(found["y"], expected)
