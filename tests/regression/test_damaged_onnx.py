"""What damage to ONNX files brought to light: numbers that fill the memory, names that are no line of text."""

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import graph_of, onnx_model
from onnx_networks import quantized

from aot.base.errors import AotError

make = helper.make_node


def _damaged(model: onnx.ModelProto) -> AotError:
    with pytest.raises(AotError) as caught:
        graph_of(model.SerializeToString())
    return caught.value


def test_outputs_that_are_counted_but_not_there() -> None:
    """A list of as many sizes was made."""
    nodes = [make("Split", ["x"], ["a", "b"], axis=0, num_outputs=2), make("Add", ["a", "b"], ["y"])]
    model = onnx.ModelProto.FromString(onnx_model(nodes, {"x": (4,)}, {"y": (2,)}, {}))
    next(a for a in model.graph.node[0].attribute if a.name == "num_outputs").i = 2**40
    assert "2 outputs" in _damaged(model).things_to_try[0]


def test_windows_as_large_as_numbers_go() -> None:
    model = onnx.ModelProto.FromString(
        onnx_model([make("MaxPool", ["x"], ["y"], kernel_shape=[2, 2])], {"x": (1, 1, 4, 4)}, {"y": (1, 1, 3, 3)}, {})
    )
    model.graph.node[0].attribute[0].ints[0] = 2**40
    assert "kernel_shape is [1099511627776, 2]" in _damaged(model).things_to_try[0]


def test_names_that_are_no_line_of_text_are_one_in_messages() -> None:
    model = onnx.ModelProto.FromString(onnx_model([make("Det", ["x"], ["y"])], {"x": (2, 2)}, {"y": ()}, {}))
    model.graph.node[0].name = "a\nb\x07"
    assert all(line.isprintable() for line in _damaged(model).things_to_try)


def test_tensors_that_no_microcontroller_holds() -> None:
    nodes = [make("Tile", ["x", "many"], ["a"]), make("ReduceSum", ["a"], ["y"], keepdims=0)]
    content = onnx_model(nodes, {"x": (1000,)}, {"y": ()}, {"many": np.array([10**6])})
    assert "too many for a microcontroller" in _damaged(onnx.ModelProto.FromString(content)).things_to_try[0]


def test_inputs_that_no_microcontroller_holds() -> None:
    model = onnx.ModelProto.FromString(onnx_model([make("Relu", ["x"], ["y"])], {"x": (1000, 4)}, {"y": (1000, 4)}, {}))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 10**6
    assert _damaged(model).what == "the input 'x' has 4,000,000,000 bytes: too many for a microcontroller"


def test_layers_of_codes_without_a_conversion() -> None:
    """The conversion in front of the convolution is gone."""
    model = onnx.ModelProto.FromString(quantized())
    conversion = model.graph.node[1]
    conversion.op_type = "Identity"
    del conversion.input[1:]
    assert "Conv2D" in _damaged(model).things_to_try[0]
