"""Operators in more forms than the node tests have, against onnxruntime."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx_models import answers, graph_of, onnxruntime_answers

from aot.graph.ir import Array

make = helper.make_node


def _model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Array],
    outputs: Sequence[str],
    constants: Mapping[str, Any],
    opset: int,
) -> bytes:
    """Outputs of whatever shape and type the nodes make."""
    ports = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()
    ]
    known = [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()]
    results = [helper.make_empty_tensor_value_info(n) for n in outputs]
    graph = helper.make_graph(list(nodes), "model", ports, results, known)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    for port in model.graph.output:
        port.type.tensor_type.elem_type = port.type.tensor_type.elem_type or TensorProto.FLOAT
    return model.SerializeToString()


def _check(nodes: Sequence[NodeProto], inputs: Mapping[str, Array], outputs: Sequence[str] = ("y",),
           constants: Mapping[str, Any] | None = None, opset: int = 18) -> None:  # fmt: skip
    content = _model(nodes, inputs, outputs, constants or {}, opset)
    wanted = onnxruntime_answers(content, inputs)
    found = answers(graph_of(content), inputs)
    for label, value in wanted.items():
        assert found[label].dtype == value.dtype, label
        np.testing.assert_allclose(found[label], value, rtol=1e-4, atol=2e-5, err_msg=label)


def _reals(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


_GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


@pytest.mark.parametrize("images", [False, True], ids=["steps first", "steps in an image"])
@pytest.mark.parametrize("states", [False, True], ids=["from zero", "from states"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", ["GRU", "GRU after", "LSTM", "LSTM peepholes", "RNN"])
def test_recurrent_layers(kind: str, direction: str, states: bool, images: bool) -> None:
    name, _, more = kind.partition(" ")
    gates, ways, hidden, depth, steps = _GATES[name], 2 if direction == "bidirectional" else 1, 5, 4, 6
    inputs = {"x": _reals(0, 1, depth, 1, steps) if images else _reals(0, steps, 2, depth)}
    batches = 1 if images else 2
    constants: dict[str, Array] = {
        "w": _reals(1, ways, gates * hidden, depth), "r": _reals(2, ways, gates * hidden, hidden) / 2,
        "b": _reals(3, ways, 2 * gates * hidden), "axis": np.array([2]),
    }  # fmt: skip
    names = ["s", "w", "r", "b", "", ""]
    if states:
        inputs["h0"] = _reals(4, ways, batches, hidden)
        names[5] = "h0"
    if more == "peepholes":
        constants["p"] = _reals(5, ways, 3 * hidden)
        constants["c0"] = _reals(6, ways, batches, hidden)
        names += ["c0", "p"]
    attributes = {"linear_before_reset": 1} if more == "after" else {}
    first = (
        [make("Squeeze", ["x", "axis"], ["q"]), make("Transpose", ["q"], ["s"], perm=[2, 0, 1])]
        if images
        else [make("Identity", ["x"], ["s"])]
    )
    outputs = ["y", "h"] + (["c"] if name == "LSTM" else [])
    layer = make(name, names, outputs, hidden_size=hidden, direction=direction, **attributes)
    _check([*first, layer], inputs, outputs, constants)


_WINDOWS = [
    {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]},
    {"kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 1, 0, 1], "ceil_mode": 1},
    {"kernel_shape": [2, 3], "dilations": [2, 1], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]},
    {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER", "strides": [1, 2]},
]


@pytest.mark.parametrize("window", _WINDOWS, ids=str)
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool", "AveragePool counted", "LpPool"])
def test_pools(kind: str, window: dict[str, Any]) -> None:
    name, _, counted = kind.partition(" ")
    attributes = {**window, **({"count_include_pad": 1} if counted else {})}
    if name == "LpPool":
        attributes.pop("ceil_mode", None)  # onnxruntime takes none there
    _check([make(name, ["x"], ["y"], **attributes)], {"x": _reals(0, 2, 3, 9, 8)}, opset=19 if name != "LpPool" else 18)


@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [2, 2], "group": 2},
        {"strides": [2, 3], "pads": [1, 0, 0, 1], "output_padding": [1, 2]},
        {"dilations": [2, 1], "strides": [1, 2]},
        {"strides": [2, 2], "output_shape": [8, 9]},
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [3, 2], "auto_pad": "SAME_LOWER", "group": 4},
    ],
    ids=str,
)
def test_transposed_convolutions(attributes: dict[str, Any]) -> None:
    group = attributes.get("group", 1)
    constants = {"w": _reals(1, 4, 2, 3, 2), "b": _reals(2, 2 * group)}
    _check([make("ConvTranspose", ["x", "w", "b"], ["y"], **attributes)], {"x": _reals(0, 1, 4, 4, 5)},
           constants=constants)  # fmt: skip


_PLACES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
_SIZES = [(8, 10), (3, 4), (11, 7), (4, 15)]


@pytest.mark.parametrize("size", _SIZES, ids=str)
@pytest.mark.parametrize("places", _PLACES)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_interpolation(mode: str, places: str, size: tuple[int, int]) -> None:
    node = make("Resize", ["x", "", "", "sizes"], ["y"], mode=mode, coordinate_transformation_mode=places)
    _check([node], {"x": _reals(0, 1, 3, 4, 5)}, constants={"sizes": np.array([1, 3, *size])})


@pytest.mark.parametrize("size", _SIZES, ids=str)
@pytest.mark.parametrize(
    ("places", "rule"),
    list(itertools.product(["half_pixel", "asymmetric"], ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])),
)
def test_nearest_pixels(places: str, rule: str, size: tuple[int, int]) -> None:
    node = make("Resize", ["x", "", "", "sizes"], ["y"], coordinate_transformation_mode=places, nearest_mode=rule)
    _check([node], {"x": _reals(0, 1, 3, 4, 5)}, constants={"sizes": np.array([1, 3, *size])})


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_positions_that_are_computed(axis: int) -> None:
    """They may count from the end."""
    x, shape = _reals(0, 4, 5, 3), (4, 5, 3)
    indices = np.random.default_rng(1).integers(-3, 3, (2, 2)).astype(np.int64)
    alike = np.random.default_rng(2).integers(-3, 3, shape).astype(np.int64)
    nodes = [
        make("Gather", ["x", "i"], ["y0"], axis=axis),
        make("GatherElements", ["x", "j"], ["y1"], axis=axis),
        make("GatherND", ["x", "i"], ["y2"]),
        make("ScatterElements", ["x", "j", "u"], ["y3"], axis=axis, reduction="add"),
    ]
    inputs = {"x": x, "i": indices, "j": alike, "u": _reals(3, *shape)}
    _check(nodes, inputs, ["y0", "y1", "y2", "y3"])


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scattered_slices(reduction: str) -> None:
    indices = np.array([[0, 1], [3, 0], [-1, -1]])
    node = make("ScatterND", ["x", "i", "u"], ["y"], reduction=reduction)
    _check([node], {"x": _reals(0, 4, 3, 2), "u": _reals(1, 3, 2)}, constants={"i": indices})


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_first_of_a_row(axis: int, largest: int) -> None:
    x = np.random.default_rng(0).permutation(60).reshape(3, 4, 5).astype(np.float32)
    node = make("TopK", ["x", "k"], ["v", "i"], axis=axis, largest=largest)
    _check([node], {"x": x}, ["v", "i"], {"k": np.array([2])})


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_padding_of_images(mode: str) -> None:
    """They lie with channels last."""
    nodes = [make("Conv", ["x", "w"], ["c"]), make("Pad", ["c", "pads", "", "axes"], ["y"], mode=mode)]
    constants = {"w": _reals(1, 4, 3, 1, 1), "pads": np.array([1, 2, 3, 1]), "axes": np.array([-1, 2])}
    _check(nodes, {"x": _reals(0, 1, 3, 4, 5)}, constants=constants, opset=19)


_EQUATIONS = ["ij,jk->ik", "bij,bkj->bik", "bi,bi->b", "ij,k->kji", "bhqd,bhkd->bhqk", "ijk,jl->li", "abc,cd"]


@pytest.mark.parametrize("equation", _EQUATIONS)
def test_sums_of_products(equation: str) -> None:
    size = dict(zip("abcdhijklq", (2, 3, 4, 2, 2, 3, 4, 2, 3, 5), strict=True))
    first, second = (tuple(size[c] for c in part) for part in equation.split("->")[0].split(","))
    _check([make("Einsum", ["x", "z"], ["y"], equation=equation)], {"x": _reals(0, *first), "z": _reals(1, *second)})


@pytest.mark.parametrize(
    "kind", ["LayerNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization", "LRN"]
)
def test_normalizations_of_images(kind: str) -> None:
    """Behind a convolution: channels last."""
    more: dict[str, tuple[list[str], dict[str, Any]]] = {
        "LayerNormalization": (["c", "s3", "b3"], {"axis": 1}), "InstanceNormalization": (["c", "s", "b"], {}),
        "GroupNormalization": (["c", "s", "b"], {"num_groups": 2}), "LpNormalization": (["c"], {"axis": 1, "p": 1}),
        "LRN": (["c"], {"size": 5, "alpha": 0.2, "beta": 0.6, "bias": 1.5}),
    }  # fmt: skip
    names, attributes = more[kind]
    nodes = [make("Conv", ["x", "w"], ["c"]), make(kind, names, ["y"], **attributes)]
    constants = {"w": _reals(1, 6, 3, 1, 1), "s": _reals(2, 6), "b": _reals(3, 6), "s3": _reals(4, 6, 4, 5),
                 "b3": _reals(5, 6, 4, 5)}  # fmt: skip
    _check(nodes, {"x": _reals(0, 1, 3, 4, 5)}, constants=constants, opset=21)


def test_functions_of_one_number() -> None:
    kinds: dict[str, dict[str, Any]] = {
        "Acosh": {}, "Asin": {}, "Asinh": {}, "Atan": {}, "Atanh": {}, "Celu": {"alpha": 0.7}, "Cosh": {},
        "Elu": {"alpha": 1.3}, "Erf": {}, "HardSigmoid": {"alpha": 0.3}, "HardSwish": {}, "IsNaN": {}, "IsInf": {},
        "Mish": {}, "Reciprocal": {}, "Selu": {}, "Shrink": {"lambd": 0.2, "bias": 0.1}, "Sinh": {}, "Softplus": {},
        "Softsign": {}, "Tan": {}, "ThresholdedRelu": {"alpha": 0.4}, "Gelu": {}, "Round": {},
    }  # fmt: skip
    nodes = [make(kind, ["x"], [f"y{kind}"], **attributes) for kind, attributes in kinds.items()]
    x = np.concatenate([np.linspace(-0.99, 0.99, 20), [0.0, -0.0, 0.5, -0.5, np.inf, -np.inf, np.nan]])
    _check(nodes, {"x": x.astype(np.float32)}, [f"y{kind}" for kind in kinds], opset=20)
