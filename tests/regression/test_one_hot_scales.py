"""ONE_HOT whose values have other scales than its output was refused: TensorFlow Lite takes their codes as they are."""

from pathlib import Path

import graphs
import litert
import native
import numpy as np
import pytest

from aot.frontends.tflite.writer import write
from aot.graph.ir import Quant, Tensor
from aot.ops.one_hot import OneHot
from aot.oracle.interpreter import run

pytestmark = pytest.mark.operator("ONE_HOT")


def _code(name: str, scale: float, code: int) -> Tensor:
    return Tensor(name, (), "int8", Quant((float(np.float32(scale)),), (3,)), np.array(code, np.int8))


@pytest.mark.parametrize(("on", "off"), [(0.1, 0.2), (0.3, 0.1), (0.3, 0.2)])
def test_codes_stay_as_they_are(on: float, off: float, tmp_path: Path) -> None:
    depth = Tensor("depth", (), "int32", None, np.array(4, np.int32))
    y = graphs.int8("y", (3, 4), Quant((float(np.float32(0.1)),), (0,)))
    inputs = [Tensor("i", (3,), "int32"), depth, _code("on", on, 50), _code("off", off, -7)]
    graph = graphs.graph_of(OneHot, inputs, y, axis=1)
    sample = {"i": np.array([0, 2, 5], np.int32)}
    (wanted,) = litert.outputs(write(graph), list(sample.values()), litert.Resolver.REFERENCE)
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    assert actual["y"].tolist() == run(graph, sample)["y"].tolist() == wanted.tolist()
