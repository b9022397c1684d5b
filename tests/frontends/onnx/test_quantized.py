"""Quantized networks of onnxruntime's quantizer: integers from port to port, and its codes."""

from itertools import product

import pytest
from onnx_quantized import NETWORKS, differences, float_kinds, normal_graph, quantized, samples

from aot.ops.transpose import Transpose
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

_TYPES = {"s8s8": ("QInt8", "QInt8"), "u8s8": ("QUInt8", "QInt8"), "u8u8": ("QUInt8", "QUInt8")}
_CASES = list(product(("residual",), ("QDQ", "QOperator"), _TYPES, (False, True)))


@pytest.mark.parametrize(("network", "form", "types", "per_channel"), _CASES)
def test_codes_are_those_of_onnxruntime(network: str, form: str, types: str, per_channel: bool) -> None:
    model = NETWORKS[network]()
    content = quantized(model, form, *_TYPES[types], per_channel=per_channel)
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    assert float_kinds(graph) == set()
    of_images = sum(len(graph[n].shape) == 4 for n in (*graph.inputs, *graph.outputs))
    assert sum(isinstance(op, Transpose) for op in graph.ops) <= max(of_images, 1)
    differ, total, _ = differences(content, graph, samples(model.inputs, 6, 7), "float")
    assert total > 0
    assert differ == 0
