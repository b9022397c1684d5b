"""The ways in which files say that tensors are quantized, each by one layer: integers, and onnxruntime's codes."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper
from onnx_models import Ports, onnxruntime_answers
from onnx_quantized import codes_of, differences, float_kinds, normal_graph, samples

from aot.base.errors import AotError
from aot.graph.ir import Array
from aot.kernels import Target, candidates
from aot.ops.conv2d import Conv2D
from aot.ops.quantize import Quantize
from aot.ops.reshape import Reshape
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

make = helper.make_node
_X = {"x": (1, 3, 6, 6)}
_RNG = np.random.default_rng(3)


def _model(nodes: Sequence[NodeProto], outputs: Ports, constants: Mapping[str, object], inputs: Ports = _X) -> bytes:
    """Constants are arrays, or whole tensors of types that numpy has not."""
    known = [
        c if isinstance(c, TensorProto) else onnx.numpy_helper.from_array(np.asarray(c), name)
        for name, c in constants.items()
    ]
    sides = [
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in side.items()] for side in (inputs, outputs)
    ]
    opset = helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)
    graph = helper.make_graph(list(nodes), "model", *sides, known)
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def _pair(x: str, y: str, parameters: str, **attributes: int) -> list[NodeProto]:
    """Codes and the reals that they stand for."""
    scale, zero = f"{parameters}_scale", f"{parameters}_zero"
    return [
        make("QuantizeLinear", [x, scale, zero], [f"{y}_codes"], **attributes),
        make("DequantizeLinear", [f"{y}_codes", scale, zero], [y], **attributes),
    ]


def _parameters(name: str, scale: object, zero: object, dtype: str) -> dict[str, Array]:
    return {f"{name}_scale": np.asarray(scale, np.float32), f"{name}_zero": np.asarray(zero, dtype)}


def _convolution(weights: Sequence[NodeProto], constants: Mapping[str, object], dtype: str = "int8") -> bytes:
    """A convolution with %w of [4, 3, 3, 3] between activations of one type."""
    zero = {"int8": 5, "uint8": 130, "int16": 0, "uint16": 32768}[dtype]
    finer = 1 / 256 if "16" in dtype else 1.0
    nodes = [
        *_pair("x", "xq", "x"),
        *weights,
        make("Conv", ["xq", "w", "b"], ["a"], pads=[1, 1, 1, 1]),
        *_pair("a", "y", "y"),
    ]
    known = {
        **_parameters("x", 0.03 * finer, zero, dtype), **_parameters("y", 0.05 * finer, zero, dtype),
        "b": _RNG.standard_normal(4).astype(np.float32), **constants,
    }  # fmt: skip
    return _model(nodes, {"y": (1, 4, 6, 6)}, known)


def _real_weights() -> Array:
    return (_RNG.standard_normal((4, 3, 3, 3)) / 5).astype(np.float32)


def _check(content: bytes, rounding: str = "float", off_by: float = 0.0) -> None:
    """No reals are left, and the codes are onnxruntime's."""
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    assert float_kinds(graph) == set()
    inputs = {graph[n].label: graph[n].shape for n in graph.inputs}
    differ, total, largest = differences(content, graph, samples(inputs, 4, 9), rounding)
    assert total > 0
    assert differ == 0 if off_by == 0 else largest <= off_by + 1e-3


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_weights_of_training_are_reals_that_become_codes(dtype: str) -> None:
    scales = np.abs(_RNG.standard_normal(4)) * 0.002 + 0.004
    known = {"w0": _real_weights(), **_parameters("w", scales, np.zeros(4), "int8")}
    _check(_convolution(_pair("w0", "w", "w", axis=0), known, dtype))


def test_codes_of_few_bits_are_limited() -> None:
    """Brevitas has Clip between the conversions, for weights and activations."""
    nodes = [
        make("QuantizeLinear", ["w0", "w_scale", "w_zero"], ["w1"]),
        make("Clip", ["w1", "low", "high"], ["w2"]),
        make("DequantizeLinear", ["w2", "w_scale", "w_zero"], ["w"]),
        make("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x1"]),
        make("Clip", ["x1", "low", "high"], ["x2"]),
        make("DequantizeLinear", ["x2", "x_scale", "x_zero"], ["xq"]),
        make("Conv", ["xq", "w"], ["a"]),
        *_pair("a", "y", "y"),
    ]
    known = {
        "w0": _real_weights(), **_parameters("w", 0.06, 0, "int8"), **_parameters("x", 0.3, 0, "int8"),
        **_parameters("y", 0.05, 3, "int8"), "low": np.int8(-7), "high": np.int8(7),
    }  # fmt: skip
    _check(_model(nodes, {"y": (1, 4, 4, 4)}, known))


@pytest.mark.parametrize("zeros", [(128,), (120, 131, 90, 160)])
def test_weights_of_uint8_lose_their_zero_points(zeros: Sequence[int]) -> None:
    codes = np.random.default_rng(4).integers(0, 256, (4, 3, 3, 3)).astype(np.uint8)
    zero = np.array(zeros, np.uint8) if len(zeros) > 1 else np.asarray(zeros[0], np.uint8)
    scale = np.full(zero.shape, 0.004, np.float32)
    known = {"w0": codes, "w_scale": scale, "w_zero": zero}
    nodes = [make("DequantizeLinear", ["w0", "w_scale", "w_zero"], ["w"], axis=0)]
    _check(_convolution(nodes, known, "uint8"))


@pytest.mark.parametrize(("kind", "zero"), [(TensorProto.INT4, 0), (TensorProto.UINT4, 7)])
def test_weights_of_4_bits_are_unpacked(kind: int, zero: int) -> None:
    low = -8 if kind == TensorProto.INT4 else 0
    codes = np.random.default_rng(5).integers(low, low + 16, (4, 3, 3, 3))
    known = {
        "w0": helper.make_tensor("w0", kind, codes.shape, codes.ravel().tolist()),
        "w_scale": np.float32(0.05), "w_zero": helper.make_tensor("w_zero", kind, (), [zero]),
    }  # fmt: skip
    content = _convolution([make("DequantizeLinear", ["w0", "w_scale", "w_zero"], ["w"])], known)
    graph = normal_graph(content)
    (conv,) = (op for op in graph.ops if isinstance(op, Conv2D))
    held = graph[conv.inputs[1]]
    assert held.dtype == "int8"
    assert np.array_equal(held.values, (codes - zero).transpose(0, 2, 3, 1))


@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_activations_of_16_bits_are_within_one_code(dtype: str) -> None:
    known = {"w0": _real_weights(), **_parameters("w", 0.005, 0, "int8")}
    _check(_convolution(_pair("w0", "w", "w"), known, dtype), rounding="onnx", off_by=1)


def test_dense_layers_of_16_bits_are_within_one_code() -> None:
    nodes = [
        *_pair("x", "xq", "x"),
        make("DequantizeLinear", ["w0", "w_scale", "w_zero"], ["w"]),
        make("Gemm", ["xq", "w", "b"], ["a"]),
        *_pair("a", "y", "y"),
    ]
    known = {
        **_parameters("x", 1e-4, 0, "int16"), **_parameters("w", 0.01, 0, "int8"), **_parameters("y", 2e-4, 0, "int16"),
        "w0": _RNG.integers(-127, 128, (8, 5)).astype(np.int8), "b": _RNG.standard_normal(5).astype(np.float32),
    }  # fmt: skip
    content = _model(nodes, {"y": (4, 5)}, known, {"x": (4, 8)})
    graph = run_passes(normal_graph(content))
    assert [op.kind for op in graph.ops] == ["FullyConnected"]
    given = samples({"x": (4, 8)}, 4, 9)
    _, total, largest = differences(content, graph, given, "onnx", literal=True)
    assert total > 0
    assert largest <= 1 + 1e-2


def test_codes_with_other_parameters_are_requantized() -> None:
    nodes = [*_pair("x", "xq", "x"), make("Transpose", ["xq"], ["t"], perm=[0, 2, 3, 1]), *_pair("t", "y", "y")]
    known = {**_parameters("x", 0.03, 5, "int8"), **_parameters("y", 0.04, 120, "uint8")}
    content = _model(nodes, {"y": (1, 6, 6, 3)}, known)
    graph = normal_graph(content)
    assert float_kinds(graph) == set()
    assert sum(isinstance(op, Quantize) for op in graph.ops) == 1


def test_readers_that_want_other_codes_share_reals() -> None:
    """Nobody knows which of them the operator should compute."""
    nodes = [
        *_pair("x", "xq", "x"),
        make("LeakyRelu", ["xq"], ["a"]),
        *_pair("a", "y", "x"),
        *_pair("a", "z", "z"),
    ]
    known = {**_parameters("x", 0.03, 5, "int8"), **_parameters("z", 0.04, 0, "int8")}
    content = _model(nodes, {"y": (1, 3, 6, 6), "z": (1, 3, 6, 6)}, known)
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    assert float_kinds(graph) == {"Dequantize", "LeakyRelu", "Quantize"}


def test_a_bias_behind_a_product_is_the_layer_s() -> None:
    nodes = [
        *_pair("x", "xq", "x"),
        make("DequantizeLinear", ["w0", "w_scale", "w_zero"], ["w"]),
        make("MatMul", ["xq", "w"], ["p"]),
        make("Add", ["p", "b"], ["a"]),
        *_pair("a", "y", "y"),
    ]
    known = {
        **_parameters("x", 0.03, 5, "int8"), **_parameters("w", 0.01, 0, "int8"), **_parameters("y", 0.04, -9, "int8"),
        "w0": _RNG.integers(-60, 60, (8, 5)).astype(np.int8), "b": _RNG.standard_normal(5).astype(np.float32),
    }  # fmt: skip
    content = _model(nodes, {"y": (2, 5)}, known, {"x": (2, 8)})
    graph = run_passes(normal_graph(content))
    assert [op.kind for op in graph.ops] == ["FullyConnected"]


def test_products_of_integers_whose_scale_is_computed_are_of_reals() -> None:
    nodes = [
        make("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        make("MatMulInteger", ["q", "w", "z", "wz"], ["p"]),
        make("Cast", ["p"], ["f"], to=TensorProto.FLOAT),
        make("Mul", ["s", "ws"], ["scale"]),
        make("Mul", ["f", "scale"], ["y"]),
    ]
    codes = _RNG.integers(0, 256, (8, 5)).astype(np.uint8)
    known = {"w": codes, "wz": np.uint8(131), "ws": np.float32(0.01)}
    content = _model(nodes, {"y": (2, 5)}, known, {"x": (2, 8)})
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    (given,) = samples({"x": (2, 8)}, 1, 2)
    values = graph.values({"x": given["x"]}, "double")[graph.outputs[0]]
    np.testing.assert_allclose(values, given["x"] @ ((codes.astype(np.float32) - 131) * np.float32(0.01)), atol=1e-4)
    assert np.abs(values - onnxruntime_answers(content, given)["y"]).max() < 0.1  # its input has 8 bits


def test_products_of_integers_are_whole_numbers() -> None:
    content = _model(
        [
            make("QuantizeLinear", ["x", "s", "z"], ["q"]),
            make("ConvInteger", ["q", "w", "z"], ["p"], pads=[1, 1, 1, 1]),
            make("Cast", ["p"], ["y"], to=TensorProto.FLOAT),
        ],
        {"y": (1, 4, 6, 6)},
        {"s": np.float32(0.02), "z": np.uint8(120), "w": _RNG.integers(0, 256, (4, 3, 3, 3)).astype(np.uint8)},
    )
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    (given,) = samples(_X, 1, 2)
    wanted = onnxruntime_answers(content, given)["y"]
    values = graph.values({"x": codes_of(given["x"], graph, "x")}, "double")
    assert np.array_equal(values[graph.outputs[0]], wanted)


@pytest.mark.parametrize(
    ("constants", "reason"),
    [
        ({"w_scale": np.ones((4, 3, 1, 3), np.float32), "w_zero": np.zeros((4, 3, 1, 3), np.int8)}, "by blocks"),
        (
            {"w_zero": helper.make_tensor("w_zero", TensorProto.FLOAT8E4M3FN, (), [0.0]), "w_scale": np.float32(1)},
            "FLOAT8E4M3FN",
        ),
    ],
)
def test_other_quantizations_are_refused_by_name(constants: Mapping[str, object], reason: str) -> None:
    known = {"w0": np.zeros((4, 3, 3, 3), np.int8), **constants}
    content = _convolution([make("DequantizeLinear", ["w0", "w_scale", "w_zero"], ["w"], axis=2)], known)
    with pytest.raises(AotError, match="not support") as error:
        normal_graph(content)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("scale", "reason"),
    [(0.0, "no positive number"), (np.nan, "no positive number"), ([0.1, 0.2, 0.3], "for each channel")],
)
def test_scales_that_make_no_sense_are_refused(scale: float | list[float], reason: str) -> None:
    zero = np.zeros(np.shape(scale), np.int8)
    content = _model(_pair("x", "y", "x"), {"y": (1, 3, 6, 6)}, _parameters("x", scale, zero, "int8"))
    with pytest.raises(AotError, match="not support") as error:
        normal_graph(content)
    assert reason in str(error.value)


def test_codes_may_stand_for_two_different_reals() -> None:
    nodes = [
        *_pair("x", "xq", "x"),
        make("DequantizeLinear", ["xq_codes", "z_scale", "z_zero"], ["z"]),
        make("Relu", ["xq"], ["y"]),
    ]
    known = {**_parameters("x", 0.03, 5, "int8"), **_parameters("z", 0.5, -3, "int8")}
    content = _model(nodes, {"y": (1, 3, 6, 6), "z": (1, 3, 6, 6)}, known)
    _check_reals(content)


def _check_reals(content: bytes) -> None:
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    differ, total, _ = differences(content, graph, samples(_X, 2, 9), "double")
    assert (differ, total > 0) == (0, True)


def _of_microsoft(kind: str, inputs: Sequence[str], **attributes: int) -> list[NodeProto]:
    """An operator on the codes of %x, and the reals that its result stands for."""
    return [
        make("QuantizeLinear", ["x", "x_scale", "x_zero"], ["q"]),
        make(kind, inputs, ["r"], domain="com.microsoft", **attributes),
        make("DequantizeLinear", ["r", "y_scale", "y_zero"], ["y"]),
    ]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_a_choice_between_codes(dtype: str) -> None:
    inputs = ["c", "q", "x_scale", "x_zero", "z0", "z_scale", "z_zero", "y_scale", "y_zero"]
    zero = 5 if dtype == "int8" else 130
    known = {
        **_parameters("x", 0.03, zero, dtype), **_parameters("z", 0.02, zero + 3, dtype),
        **_parameters("y", 0.04, zero - 9, dtype), "c": np.random.default_rng(1).random((1, 3, 6, 6)) > 0.5,
        "z0": np.random.default_rng(2).integers(0, 100, (1, 3, 6, 6)).astype(dtype),
    }  # fmt: skip
    _check(_model(_of_microsoft("QLinearWhere", inputs), {"y": (1, 3, 6, 6)}, known), "onnx")


def test_a_dense_layer_whose_results_are_reals() -> None:
    nodes = [
        make("QuantizeLinear", ["x", "x_scale", "x_zero"], ["q"]),
        make("QGemm", ["q", "x_scale", "x_zero", "w", "w_scale", "w_zero", "b"], ["y"], domain="com.microsoft"),
    ]
    known = {
        **_parameters("x", 0.03, 130, "uint8"), **_parameters("w", 0.01, 0, "int8"),
        "w": _RNG.integers(-60, 60, (8, 5)).astype(np.int8), "b": _RNG.integers(-900, 900, 5).astype(np.int32),
    }  # fmt: skip
    content = _model(nodes, {"y": (2, 5)}, known, {"x": (2, 8)})
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    (given,) = samples({"x": (2, 8)}, 1, 2)
    answer = graph.values({"x": codes_of(given["x"], graph, "x")}, "onnx")[graph.outputs[0]]
    np.testing.assert_allclose(answer, onnxruntime_answers(content, given)["y"], atol=1e-5)


@pytest.mark.parametrize(("scale", "off_by"), [(0.0371234, 0), (0.03, 1)], ids=["other scale", "same scale"])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_bilinear_resizing_is_of_reals(dtype: str, scale: float, off_by: int) -> None:
    """With the same scale on both sides quarters of codes are ties, and onnxruntime cuts off what it makes of codes."""
    zero = 5 if dtype == "int8" else 130
    nodes = [*_pair("x", "xq", "x"), make("Resize", ["xq", "", "s"], ["a"], mode="linear"), *_pair("a", "y", "y")]
    known = {**_parameters("x", 0.03, zero, dtype), **_parameters("y", scale, zero, dtype)}
    content = _model(nodes, {"y": (1, 3, 12, 12)}, {**known, "s": np.array([1, 1, 2, 2], np.float32)})
    graph = run_passes(normal_graph(content))
    assert all(candidates(op, graph, Target(rounding="onnx"))[0] for op in graph.ops if not isinstance(op, Reshape))
    differ, total, largest = differences(content, graph, samples(_X, 4, 9), "onnx")
    assert total > 0
    assert largest <= off_by + 1e-3
    assert (differ == 0) == (off_by == 0)
