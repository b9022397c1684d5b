"""TensorFlow Lite multiplies the scales of two whole tensors in float32; a double product gave another code here."""

import graphs
import litert
import numpy as np
import pytest

from aot.frontends.tflite.writer import write
from aot.graph.ir import Quant
from aot.ops.batch_matmul import BatchMatMul
from aot.oracle.interpreter import run

pytestmark = pytest.mark.operator("BATCH_MATMUL")


def test_the_product_of_two_scales_is_float32() -> None:
    scales = (0.014269077219069004, 0.011797714047133923, 0.00018402657588012516)
    a, b, y = (graphs.int8(name, (1, 1), Quant((scale,), (0,))) for name, scale in zip("aby", scales, strict=True))
    graph = graphs.graph_of(BatchMatMul, [a, b], y)
    values = {"a": np.array([[1]], np.int8), "b": np.array([[88]], np.int8)}
    (expected,) = litert.outputs(write(graph), list(values.values()), litert.Resolver.REFERENCE)
    assert run(graph, values)["y"].tolist() == expected.tolist()
