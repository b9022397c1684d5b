"""Results in codes that TensorFlow Lite does not have: other formats say which ones they want."""

from pathlib import Path

import graphs
import native
import numpy as np
import pytest

from aot.base.errors import AotError
from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.dequantize import reals
from aot.ops.pool2d import AveragePool2D
from aot.ops.sigmoid import Logistic
from aot.ops.softmax import Softmax
from aot.oracle import interpreter
from aot.passes.check_operators import problems

_CASES: dict[str, tuple[type[Op], tuple[int, ...], dict[str, object]]] = {
    "average": (AveragePool2D, (1, 6, 6, 3), {"kernel": (2, 2), "stride": (2, 2)}),
    "average with padding": (AveragePool2D, (1, 6, 6, 4), {"kernel": (3, 3), "padding": ((1, 1), (1, 1))}),
    "average of all": (AveragePool2D, (1, 6, 6, 4), {"kernel": (6, 6)}),
    "logistic": (Logistic, (1, 200), {}),
    "softmax": (Softmax, (8, 10), {}),
}
_X = Quant((0.04,), (7,))


def _graph(name: str, quant: Quant) -> Graph:
    kind, shape, attributes = _CASES[name]
    x = Tensor("x", shape, "int8", _X)
    places = {"average": 3, "average with padding": 6, "average of all": 1}.get(name, 0)
    made = (1, places, places, shape[3]) if places else shape
    return graphs.graph_of(kind, [x], Tensor("y", made, "int8", quant), **attributes)


@pytest.mark.parametrize("quant", [Quant((1 / 255,), (-128,)), Quant((0.013,), (-20,)), Quant((1 / 127,), (0,))])
@pytest.mark.parametrize("name", _CASES)
def test_codes_are_the_nearest_to_the_reals_and_c_has_the_same(name: str, quant: Quant, tmp_path: Path) -> None:
    graph = _graph(name, quant)
    assert problems(graph) == ()
    codes = np.random.default_rng(1).integers(-128, 128, graph["x"].shape).astype(np.int8)
    kind, _, attributes = _CASES[name]
    plain = graphs.graph_of(
        kind, [Tensor("x", codes.shape, "float32")], Tensor("y", graph["y"].shape, "float32"), **attributes
    )
    wanted = interpreter.run(plain, {"x": reals(codes, _X)})["y"] / np.float32(quant.scale[0]) + quant.zero_point[0]
    # onnxruntime counts whole steps in 1 alone, 254 where the scale is 1/255: all shares may be a step less.
    for rounding in ROUNDINGS:
        answer = interpreter.run(graph, {"x": codes}, rounding)["y"]
        assert np.abs(answer - np.clip(wanted, -128, 127)).max() <= (1.5 if kind is Softmax else 0.51)
        model = native.compiled(graph, rounding=rounding)
        (actual,) = native.run(native.program(model, tmp_path, *native.SANITIZE), graph, [{"x": codes}])
        assert actual["y"].tobytes() == answer.tobytes()


@pytest.mark.parametrize("name", _CASES)
def test_they_are_not_written_to_tflite_files(name: str) -> None:
    with pytest.raises(AotError, match="cannot be written to a"):
        write(_graph(name, Quant((0.013,), (-20,))))
