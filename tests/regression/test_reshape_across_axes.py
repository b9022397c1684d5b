"""A reshape that no axis survives, of what lies in order anyway: 4 x 6 becomes 3 x 8."""

import numpy as np
from onnx import helper
from onnx_models import answers, graph_of, onnx_model

from aot.ops.reshape import Reshape


def test_the_elements_stay_where_they_are() -> None:
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    content = onnx_model([node], {"x": (1, 4, 6)}, {"y": (1, 3, 8)}, {"shape": np.array([1, 3, 8])})
    graph = graph_of(content)
    x = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
    assert [type(op) for op in graph.ops] == [Reshape]
    np.testing.assert_array_equal(answers(graph, {"x": x})["y"], x.reshape(1, 3, 8))
