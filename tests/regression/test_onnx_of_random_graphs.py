"""What random ONNX graphs found: operators that were refused, and an image resized by other positions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from onnx import NodeProto, helper
from onnx_models import answers, graph_of, onnx_model, onnxruntime_answers

from aot.graph.ir import Array

make = helper.make_node
_X = np.random.default_rng(5).standard_normal((1, 2, 15, 3)).astype(np.float32)


def _check(
    node: NodeProto, x: Array, shape: Sequence[int], constants: Mapping[str, Array] | None = None, opset: int = 13
) -> Array:
    content = onnx_model([node], {"x": x.shape}, {"y": shape}, constants or {}, opset)
    found = answers(graph_of(content), {"x": x})["y"]
    np.testing.assert_allclose(found, onnxruntime_answers(content, {"x": x})["y"], 1e-5, 1e-5)
    return found


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("opset", [13, 18])
def test_logarithms_of_sums_of_large_exponentials(opset: int, keep: int) -> None:
    axes = {"axes": [1, 2]} if opset < 18 else {}
    names, known = (["x"], {}) if opset < 18 else (["x", "axes"], {"axes": np.array([1, 2])})
    node = make("ReduceLogSumExp", names, ["y"], keepdims=keep, **axes)
    found = _check(node, _X * 200, (1, 1, 1, 3) if keep else (1, 3), known, opset)
    assert np.isfinite(found).all()
    assert found.max() > 100  # exp(100) is no float32


@pytest.mark.parametrize("size", [3, 5, 7])
def test_more_neighbours_than_channels(size: int) -> None:
    node = make("LRN", ["x"], ["y"], size=size, alpha=0.5)
    _check(node, _X, _X.shape)
    _check(node, _X[:, :1], _X[:, :1].shape)


def test_cubic_resizing_to_one_pixel_as_pytorch_does() -> None:
    node = make("Resize", ["x", "", "", "s"], ["y"], mode="cubic", coordinate_transformation_mode="pytorch_half_pixel")
    _check(node, _X, (1, 2, 1, 3), {"s": np.array([1, 2, 1, 3])})
