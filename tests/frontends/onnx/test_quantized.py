"""Quantized networks of onnxruntime's quantizer: integers from port to port, and its codes."""

from itertools import product

import pytest
from onnx_quantized import NETWORKS, Network, differences, float_kinds, make, normal_graph, quantized, samples

from aot.graph.ir import Graph
from aot.ops.transpose import Transpose
from aot.passes import run_passes
from aot.passes.check_operators import check_operators

_TYPES = {"s8s8": ("QInt8", "QInt8"), "u8s8": ("QUInt8", "QInt8"), "u8u8": ("QUInt8", "QUInt8")}
_FORMS = ("QDQ", "QOperator")
_CASES = [
    (network, form, types, (i + j + k) % 2 == 0, (i + j + k) % 4 < 2)  # half of what there is
    for (i, network), (j, form), (k, types) in product(enumerate(NETWORKS), enumerate(_FORMS), enumerate(_TYPES))
]


def _lean(content: bytes) -> Graph:
    graph = run_passes(normal_graph(content))
    check_operators(graph)
    return graph


@pytest.mark.parametrize(("network", "form", "types", "per_channel", "symmetric"), _CASES)
def test_codes_are_those_of_onnxruntime(
    network: str, form: str, types: str, per_channel: bool, symmetric: bool
) -> None:
    model = NETWORKS[network]()
    extra = {"ActivationSymmetric": symmetric}
    content = quantized(model, form, *_TYPES[types], per_channel=per_channel, extra_options=extra)
    graph = _lean(content)
    assert float_kinds(graph) == set()
    of_images = sum(len(graph[n].shape) == 4 for n in (*graph.inputs, *graph.outputs))
    assert sum(isinstance(op, Transpose) for op in graph.ops) <= max(of_images, 1)
    differ, total, _ = differences(content, graph, samples(model.inputs, 6, 7), "onnx")
    assert (differ, total > 0) == (0, True)


@pytest.mark.parametrize("activations", ["QInt8", "QUInt8"])
@pytest.mark.parametrize("form", _FORMS)
def test_means_at_ties_are_within_one_code(form: str, activations: str) -> None:
    """onnxruntime adds the zero point before it rounds, or after: that depends on how the model is written."""
    nodes = [make("Relu", ["x"], ["r"]), make("AveragePool", ["r"], ["y"], kernel_shape=[2, 2])]
    model = Network(nodes, {"x": (1, 3, 9, 9)}, {"y": (1, 3, 8, 8)}, {})
    content = quantized(model, form, activations, "QInt8", extra_options={"ForceQuantizeNoInputCheck": True})
    graph = _lean(content)
    _, total, largest = differences(content, graph, samples(model.inputs, 6, 7), "onnx")
    assert total > 0
    assert largest <= 1 + 1e-3
