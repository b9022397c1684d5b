"""What a user says of ports: shapes, constants; what is assumed where nothing is said."""

import numpy as np
import pytest
from onnx import helper
from onnx_models import answers, graph_of, onnx_model

from aot.base.errors import AotError

_SUM = [helper.make_node("Add", ["x", "k"], ["y"])]


def _free() -> bytes:
    return onnx_model(_SUM, {"x": ("batch", "steps", 4), "k": (1,)}, {"y": ("batch", "steps", 4)}, {})


def test_a_free_batch_is_one_sample_and_other_dimensions_are_asked_for() -> None:
    assert graph_of(_free(), input_shapes={"x": (2, 5, 4)})["x"].shape == (2, 5, 4)
    with pytest.raises(AotError, match=r"free dimension: \[1,steps,4\]") as caught:
        graph_of(_free())
    assert "--input-shape x=1,steps,4" in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 3), (0, 5, 4)])
def test_a_shape_must_fit_the_file(shape: tuple[int, ...]) -> None:
    with pytest.raises(AotError, match="cannot have the shape"):
        graph_of(_free(), input_shapes={"x": shape})


def test_a_constant_is_no_input() -> None:
    graph = graph_of(_free(), input_shapes={"x": (1, 2, 4)}, constants={"k": 2.5})
    assert [graph[name].label for name in graph.inputs] == ["x"]
    x = np.arange(8, dtype=np.float32).reshape(1, 2, 4)
    np.testing.assert_array_equal(answers(graph, {"x": x})["y"], x + np.float32(2.5))


@pytest.mark.parametrize("value", [[1.0, 2.0], "text", None])
def test_a_constant_must_fit_its_input(value: object) -> None:
    with pytest.raises(AotError, match="constant for the input 'k'"):
        graph_of(_free(), input_shapes={"x": (1, 2, 4)}, constants={"k": value})


def test_a_name_that_is_none() -> None:
    with pytest.raises(AotError, match="no input called 'z'"):
        graph_of(_free(), input_shapes={"z": (1, 2, 4)})
