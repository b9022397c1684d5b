"""Images with channels first become images with channels last, without a transpose in between."""

import numpy as np
import pytest
from onnx import helper
from onnx_models import answers, graph_of, onnx_model, onnxruntime_answers

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph
from aot.ops.transpose import Transpose

_SEED = np.random.default_rng(15)


def _weights(*shape: int) -> Array:
    return (_SEED.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def _transposes(graph: Graph) -> int:
    return sum(isinstance(op, Transpose) for op in graph.ops)


def _residual() -> bytes:
    """A convolution, a residual block with its join, a pool, a flatten in front of a dense layer."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["a"], pads=[1, 1, 1, 1]),
        make("Relu", ["a"], ["r"]),
        make("Conv", ["r", "w1"], ["d"], pads=[1, 1, 1, 1], group=8),
        make("Conv", ["d", "w2"], ["e"]),
        make("Add", ["e", "r"], ["s"]),
        make("Mul", ["s", "k"], ["m"]),
        make("MaxPool", ["m"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        make("Concat", ["p", "p"], ["c"], axis=1),
        make("Flatten", ["c"], ["f"]),
        make("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    constants = {
        "w0": _weights(8, 3, 3, 3), "b0": _weights(8), "w1": _weights(8, 1, 3, 3), "w2": _weights(8, 8, 1, 1),
        "k": _weights(8, 1, 1), "w3": _weights(10, 16 * 4 * 4), "b3": _weights(10),
    }  # fmt: skip
    return onnx_model(nodes, {"x": ("batch", 3, 8, 8)}, {"y": ("batch", 10)}, constants)


def test_a_network_of_images_is_transposed_at_its_input_alone() -> None:
    content = _residual()
    x = _SEED.standard_normal((1, 3, 8, 8)).astype(np.float32)
    graph = graph_of(content)
    assert _transposes(graph) == 1
    assert graph[graph.inputs[0]].shape == (1, 3, 8, 8)
    wanted = onnxruntime_answers(content, {"x": x})["y"]
    np.testing.assert_allclose(answers(graph, {"x": x})["y"], wanted, atol=1e-5)


def test_a_channel_shuffle_is_one_transpose() -> None:
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["a"]),
        make("Reshape", ["a", "split"], ["g"]),
        make("Transpose", ["g"], ["t"], perm=[0, 2, 1, 3, 4]),
        make("Reshape", ["t", "whole"], ["s"]),
        make("Conv", ["s", "v"], ["c"], group=12),
        make("GlobalAveragePool", ["c"], ["y"]),
    ]
    constants = {
        "w": _weights(12, 2, 1, 1), "v": _weights(12, 1, 3, 3),
        "split": np.array([1, 3, 4, 6, 6]), "whole": np.array([1, 12, 6, 6]),
    }  # fmt: skip
    content = onnx_model(nodes, {"x": (1, 2, 6, 6)}, {"y": (1, 12, 1, 1)}, constants)
    graph = graph_of(content)
    assert _transposes(graph) == 2  # the input, and the shuffle
    x = _SEED.standard_normal((1, 2, 6, 6)).astype(np.float32)
    wanted = onnxruntime_answers(content, {"x": x})["y"]
    np.testing.assert_allclose(answers(graph, {"x": x})["y"], wanted, atol=1e-5)


def test_a_sequence_is_an_image_of_one_row() -> None:
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["a"], dilations=[2], pads=[4, 0]),
        make("Relu", ["a"], ["r"]),
        make("MaxPool", ["r"], ["p"], kernel_shape=[2], strides=[2]),
        make("ReduceMean", ["p", "axes"], ["m"], keepdims=0),
        make("Gemm", ["m", "v"], ["y"]),
    ]
    constants = {"w": _weights(6, 4, 3), "v": _weights(6, 3), "axes": np.array([2])}
    content = onnx_model(nodes, {"x": (1, 4, 16)}, {"y": (1, 3)}, constants)
    graph = graph_of(content)
    assert _transposes(graph) == 1
    x = _SEED.standard_normal((1, 4, 16)).astype(np.float32)
    wanted = onnxruntime_answers(content, {"x": x})["y"]
    np.testing.assert_allclose(answers(graph, {"x": x})["y"], wanted, atol=1e-5)


def test_ports_with_channels_last_need_no_transpose() -> None:
    content = _residual()
    x = _SEED.standard_normal((1, 3, 8, 8)).astype(np.float32)
    graph = graph_of(content, io_layout="nhwc")
    assert _transposes(graph) == 0
    assert graph[graph.inputs[0]].shape == (1, 8, 8, 3)
    wanted = onnxruntime_answers(content, {"x": x})["y"]
    np.testing.assert_allclose(answers(graph, {"x": x.transpose(0, 2, 3, 1)})["y"], wanted, atol=1e-5)


def test_one_port_may_have_its_channels_last() -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    content = onnx_model(nodes, {"x": (1, 3, 4, 4)}, {"y": (1, 5, 4, 4)}, {"w": _weights(5, 3, 1, 1)})
    assert graph_of(content, io_layout=["y=nhwc"])["y"].shape == (1, 4, 4, 5)
    assert _transposes(graph_of(content, io_layout=["y=nhwc"])) == 1
    with pytest.raises(AotError, match="no port called 'z'"):
        graph_of(content, io_layout="z=nhwc")
    with pytest.raises(AotError, match="layout 'nchw'"):
        graph_of(content, io_layout="nchw")
