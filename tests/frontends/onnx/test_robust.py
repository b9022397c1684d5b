"""Files that are odd, not what aot reads, or damaged: each is read rightly, or refused in a line that helps."""

import numpy as np
import onnx
import pytest
from fuzzing import fuzz
from onnx import NodeProto, TensorProto, helper
from onnx_models import answers, graph_of, onnx_model

from aot.base.errors import AotError
from aot.frontends import parse

make = helper.make_node


def _refusal(content: bytes) -> AotError:
    with pytest.raises(AotError) as caught:
        graph_of(content)
    return caught.value


def test_damaged_files_are_refused_or_compiled() -> None:
    fuzz("fuzz_onnx.py", "--count", 100)


def test_all_that_is_missing_is_told_at_once() -> None:
    nodes = [
        make("Det", ["x"], ["a"], name="first"),
        make("NonZero", ["x"], ["b"]),
        make("Relu", ["b"], ["c"]),
        make("Relu", ["x"], ["y"]),
    ]
    ports = {"y": (3, 3)}
    error = _refusal(onnx_model(nodes, {"x": (3, 3)}, ports, {}))
    assert error.what.startswith("2 operators are not supported")
    assert [line.split(":")[0] for line in error.things_to_try] == ["Det first (x -> a)", "NonZero (x -> b)"]


@pytest.mark.parametrize("opset", [8, 29])
def test_other_opsets_are_refused(opset: int) -> None:
    model = onnx.ModelProto.FromString(onnx_model([make("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": (3,)}, {}))
    model.opset_import[0].version = opset
    error = _refusal(model.SerializeToString())
    assert f"opset {opset}; aot reads 9 to 28" in error.what
    assert "opset_version=18" in error.things_to_try[0]


def _of_input(port: onnx.ValueInfoProto, node: NodeProto) -> bytes:
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1,))
    graph = helper.make_graph([node], "model", [port], [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def test_inputs_that_are_no_tensors_of_numbers_are_called_what_they_are() -> None:
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, (1,))
    kinds = {
        "a sequence": helper.make_sequence_type_proto(tensor),
        "a map": helper.make_map_type_proto(TensorProto.INT64, tensor),
        "an optional": helper.make_optional_type_proto(tensor),
        "a tensor of string": helper.make_tensor_type_proto(TensorProto.STRING, (1,)),
    }
    for what, kind in kinds.items():
        error = _refusal(_of_input(helper.make_value_info("x", kind), make("Identity", ["x"], ["y"])))
        assert error.what == f"the input 'x' of model.onnx is {what}; aot reads tensors of numbers"


@pytest.mark.parametrize("kind", ["SequenceInsert", "StringConcat", "RandomNormalLike", "Gradient", "Optional"])
def test_operators_on_other_things_are_refused_by_name(kind: str) -> None:
    domain = "ai.onnx.preview.training" if kind == "Gradient" else ""
    node = make(kind, ["x"], ["y"], domain=domain)
    (line,) = _refusal(_of_input(helper.make_tensor_value_info("x", TensorProto.FLOAT, (1,)), node)).things_to_try
    assert kind in line


def test_ports_may_share_what_they_stand_for() -> None:
    """An input that goes out, one that goes out twice, and constants."""
    nodes = [make("Relu", ["x"], ["y"]), make("Identity", ["x"], ["same"]), make("Identity", ["k"], ["known"])]
    content = onnx_model(nodes, {"x": (3,)}, {"y": (3,), "same": (3,), "known": (2,)}, {"k": np.ones(2, np.float32)})
    model = onnx.ModelProto.FromString(content)
    for name, shape in (("y", 3), ("x", 3), ("k", 2)):
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, (shape,)))
    x = np.array([-1, 0, 2], np.float32)
    found = answers(graph_of(model.SerializeToString()), {"x": x})
    assert {label: value.tolist() for label, value in found.items()} == {
        "y": [0, 0, 2], "same": [-1, 0, 2], "known": [1, 1], "y_2": [0, 0, 2], "x_2": [-1, 0, 2], "k": [1, 1],
    }  # fmt: skip


def test_constants_may_be_inputs_too() -> None:
    model = onnx.ModelProto.FromString(
        onnx_model([make("Add", ["x", "k"], ["y"])], {"x": (3,)}, {"y": (3,)}, {"k": np.ones(3, np.float32)})
    )
    model.graph.input.append(helper.make_tensor_value_info("k", TensorProto.FLOAT, (3,)))
    graph = graph_of(model.SerializeToString())
    assert [graph[name].label for name in graph.inputs] == ["x"]


@pytest.mark.parametrize("name", ["a b", "*/", "ü", "1", "", "main", "x/y:0", "%s\n#error"])
def test_names_may_have_any_characters(name: str) -> None:
    name = name or " "
    graph = graph_of(onnx_model([make("Relu", ["x"], [name])], {"x": (3,)}, {name: (3,)}, {}))
    assert graph.outputs[0].isidentifier()
    assert answers(graph, {"x": np.array([-1, 0, 2], np.float32)})[name].tolist() == [0, 0, 2]


def test_what_is_computed_beforehand_may_not_fill_the_memory() -> None:
    nodes = [make("ConstantOfShape", ["shape"], ["c"]), make("ReduceSum", ["c"], ["s"]), make("Add", ["x", "s"], ["y"])]
    known = {"shape": np.array([1 << 20, 1 << 14])}
    (line,) = _refusal(onnx_model(nodes, {"x": (3,)}, {"y": (1, 3)}, known)).things_to_try
    assert "too large for a microcontroller" in line


def test_an_output_without_elements_is_refused() -> None:
    nodes = [make("Slice", ["x", "one", "one"], ["y"])]
    error = _refusal(onnx_model(nodes, {"x": (3,)}, {"y": ("n",)}, {"one": np.array([1])}))
    assert "has no elements" in error.what


def test_a_graph_inside_itself_is_not_read_for_ever() -> None:
    """Loops in loops, each of which is written out."""
    inner = [make("Relu", ["s"], ["t"])]
    for depth in range(12):
        names = [f"{what}{depth}" for what in ("i", "c", "s")]
        ports = [helper.make_tensor_value_info(n, t, ()) for n, t in zip(names, (7, 9, 1), strict=True)]
        outer = [make("Identity", [names[1]], [f"on{depth}"]), *inner, make("Identity", ["x"], [f"r{depth}"])]
        results = [
            helper.make_tensor_value_info(f"on{depth}", 9, ()),
            helper.make_tensor_value_info(f"r{depth}", 1, (3,)),
        ]
        body = helper.make_graph(outer, "body", ports, results)
        inner = [make("Loop", ["ten", "", "x"], [f"l{depth}"], body=body)]
    constants = [helper.make_tensor("ten", TensorProto.INT64, (), [10]), helper.make_tensor("s", 1, (), [1.0])]
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (3,)) for n in ("x", "l11")]
    graph = helper.make_graph(inner, "model", ports[:1], ports[1:], constants)
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    with pytest.raises(AotError):
        parse(content, "model", "model.onnx")
