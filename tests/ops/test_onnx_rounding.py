"""Rounding `onnx` beyond the operators' own cases: codes of uint8, and what it refuses."""

from dataclasses import replace

import cases
import graphs
import numpy as np
import pytest
from onnx_oracle import onnxruntime_oracle, slack_in_codes

from aot.base.errors import AotError
from aot.graph.ir import Graph, Quant, Tensor
from aot.kernels import Target, candidates, select
from aot.ops.operands import Weighted
from aot.ops.quantize import Quantize
from aot.oracle.interpreter import run
from aot.oracle.tolerance import distance
from aot.passes import normalize, run_passes

_UNSIGNED = "Add,AveragePool2D,Conv2D,DepthwiseConv2D,FullyConnected,LeakyRelu int8,Mean,Mul int8,Softmax".split(",")
_REFUSED = {"AddN", "L2Normalization", "LogSoftmax", "Lstm", "Quantize", "ReduceProd", "ResizeBilinear", "Svdf"}
_TABLES_OF_INT16 = {"Exp", "Gelu", "Log", "RealFunction", "Softmax"}


def _unsigned(graph: Graph) -> Graph:
    """`graph` with uint8 for int8, but for weights, which are halved.

    Of larger ones, onnxruntime's sums of uint8 by int8 saturate on some processors.
    """
    codes = [t for t in graph.tensors.values() if t.dtype == "int8"]
    weights = {graph.ops[0].inputs[1]} if isinstance(graph.ops[0], Weighted) else set()
    return graph.with_tensors(*(_halved(t) if t.name in weights else _as_uint8(t) for t in codes))


def _halved(t: Tensor) -> Tensor:
    return replace(t, data=t.values // 2)


def _as_uint8(t: Tensor) -> Tensor:
    data = None if t.data is None else (t.data ^ np.int8(-128)).view(np.uint8)
    return replace(t, dtype="uint8", quant=Quant(t.quantization.scale, (t.zero_point + 128,)), data=data)


@pytest.mark.parametrize("name", _UNSIGNED)
def test_uint8_equals_onnxruntime(name: str) -> None:
    for seed in range(20 * cases.TIMES):
        graph, inputs = cases.case(name, seed)
        inputs = {n: (value ^ np.int8(-128)).view(np.uint8) for n, value in inputs.items()}
        unsigned = _unsigned(graph)
        actual = run(normalize(unsigned), inputs, "onnx")[graph.outputs[0]]
        expected = onnxruntime_oracle(unsigned, inputs)
        assert actual.dtype == expected.dtype == np.uint8
        assert distance(actual, expected).max(initial=0) <= slack_in_codes(graph), f"seed {seed}\n{graph}"


def test_what_is_refused() -> None:
    """Each with the rounding as the reason, and with one that has a kernel."""
    found = set()
    for name in cases.builders():
        graph = run_passes(cases.case(name, 0)[0])
        for op in graph.ops:
            if op.graphs or candidates(op, graph, Target(rounding="onnx"))[0]:
                continue
            found.add(op.kind)
            with pytest.raises(AotError, match="no kernel for") as caught:
                select([op], graph, Target(rounding="onnx"))
            *reasons, last = caught.value.things_to_try
            assert any(reason.endswith(": the rounding is onnx") for reason in reasons)
            assert last == "with --rounding double there is one"
    assert _REFUSED <= found <= _REFUSED | _TABLES_OF_INT16


def test_reals_become_codes_with_ties_to_even() -> None:
    x = Tensor("x", (6,), "float32")
    graph = graphs.graph_of(Quantize, [x], graphs.int8("y", (6,), graphs.Quant((0.5,), (-3,))))
    values = {"x": np.array([0.25, 0.75, -0.25, -0.75, 1.25, np.nan], np.float32)}
    assert run(graph, values, "onnx")["y"].tolist() == [-3, -1, -3, -5, -1, -128]
    assert run(graph, values, "double")["y"].tolist() == [-2, -1, -4, -5, 0, -128]
