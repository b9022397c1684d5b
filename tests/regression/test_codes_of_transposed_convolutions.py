"""Weights of ConvTranspose that are codes went on as they lay in the file, beside reals that had been turned round."""

import numpy as np
import pytest
from onnx import helper
from onnx_models import onnx_model
from onnx_quantized import differences, normal_graph, samples

from aot.graph.ir import Array
from aot.ops.transpose_conv import TransposeConv
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

make = helper.make_node


def _constants(zero: int, axis: int | None) -> dict[str, Array]:
    rng = np.random.default_rng(1)
    count = {None: 1, 0: 4, 1: 2}[axis]
    scale, points = rng.uniform(0.01, 0.02, count), np.full(count, zero)
    shaped = (lambda a: a[0]) if axis is None else (lambda a: a)
    return {
        "s": np.float32(0.05),
        "z": np.int8(3),
        "w_codes": rng.integers(-60, 60, (4, 2, 3, 2)).astype(np.int8),
        "w_s": shaped(scale.astype(np.float32)),
        "w_z": shaped(points.astype(np.int8)),
    }


def _model(group: int, zero: int, axis: int | None) -> bytes:
    nodes = [
        make("QuantizeLinear", ["x", "s", "z"], ["x_codes"]),
        make("DequantizeLinear", ["x_codes", "s", "z"], ["xq"]),
        make("DequantizeLinear", ["w_codes", "w_s", "w_z"], ["w"], axis=axis or 0),
        make("ConvTranspose", ["xq", "w"], ["a"], group=group, strides=[2, 2], dilations=[2, 1],
             pads=[1, 0, 0, 0], output_padding=[1, 1]),
        make("QuantizeLinear", ["a", "s", "z"], ["a_codes"]),
        make("DequantizeLinear", ["a_codes", "s", "z"], ["y"]),
    ]  # fmt: skip
    return onnx_model(nodes, {"x": (1, 4, 5, 6)}, {"y": (1, 2 * group, 13, 13)}, _constants(zero, axis))


@pytest.mark.parametrize(
    ("group", "zero", "axis", "integers"),
    [(1, 0, None, True), (2, 7, None, True), (1, 0, 1, True), (2, 0, 1, True), (4, 0, 0, True), (2, 0, 0, False)],
)
def test_codes_are_turned_round_with_their_reals(group: int, zero: int, axis: int | None, integers: bool) -> None:
    content = _model(group, zero, axis)
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    (layer,) = (op for op in graph.ops if isinstance(op, TransposeConv))
    assert (graph[layer.outputs[0]].dtype != "float32") == integers
    differ, total, _ = differences(content, graph, samples({"x": (1, 4, 5, 6)}, 4, 1), "onnx")
    assert (differ, total > 0) == (0, True)
