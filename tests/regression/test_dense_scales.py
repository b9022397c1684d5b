"""The scales of a dense layer multiply in double, as in TensorFlow Lite Micro; in float32 they gave another code."""

import graphs
import numpy as np
import pytest
import tflm

from aot.frontends.tflite.writer import write
from aot.ops.fully_connected import FullyConnected
from aot.oracle.interpreter import run

pytestmark = pytest.mark.operator("FULLY_CONNECTED")


def test_the_product_of_two_scales_is_double() -> None:
    """45 times a quarter less 8e-9 is 11; times a quarter, it is rounded to 11.5 first, then to 12."""
    scales = (0.00012601188791450113, 0.00043736211955547333, 2.204513123160723e-07)
    x, w, y = (graphs.int8(name, (1, 1), graphs.Quant((s,), (0,))) for name, s in zip("xwy", scales, strict=True))
    w = graphs.Tensor("w", (1, 1), "int8", w.quant, np.array([[45]], np.int8))
    graph = graphs.graph_of(FullyConnected, [x, w], y)
    values = {"x": np.array([[1]], np.int8)}
    (expected,) = tflm.outputs(write(graph), list(values.values()))
    assert run(graph, values)["y"].tolist() == expected.tolist() == [[11]]
