"""Names of activations may be written in any way, and those that are refused are told, with what there is instead."""

import re

import numpy as np
import pytest
from onnx import helper
from onnx_models import answers, graph_of, onnx_model, onnxruntime_answers

from aot.base.errors import AotError

_GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
_X = np.random.default_rng(9).standard_normal((6, 1, 3)).astype(np.float32)


def _model(kind: str, **attributes: object) -> bytes:
    rng = np.random.default_rng(10)
    known = {n: rng.standard_normal((1, _GATES[kind] * 4, e)).astype(np.float32) / 2 for n, e in (("w", 3), ("r", 4))}
    node = helper.make_node(kind, ["x", "w", "r"], ["", "h"], hidden_size=4, **attributes)
    return onnx_model([node], {"x": _X.shape}, {"h": (1, 1, 4)}, known)


@pytest.mark.parametrize(
    ("kind", "names"),
    [("LSTM", ["sigmoid", "tanh", "TANH"]), ("GRU", ["Sigmoid", "tanh"]), ("RNN", ["Relu"])],
)
def test_what_there_is(kind: str, names: list[str]) -> None:
    content = _model(kind, activations=names)
    found = answers(graph_of(content), {"x": _X})["h"]
    np.testing.assert_allclose(found, onnxruntime_answers(content, {"x": _X})["h"], 1e-5, 1e-5)


@pytest.mark.parametrize(
    ("kind", "attributes", "reason"),
    [
        ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "hardsigmoid.*supported: sigmoid, tanh, tanh"),
        ("GRU", {"activations": ["Sigmoid", "Relu"]}, "relu; supported: sigmoid, tanh"),
        ("RNN", {"activations": ["Elu"]}, "elu; supported: tanh, relu, sigmoid"),
        ("LSTM", {"clip": 3.0}, "export the layer without"),
    ],
)
def test_what_there_is_not(kind: str, attributes: dict[str, object], reason: str) -> None:
    with pytest.raises(AotError) as error:
        graph_of(_model(kind, **attributes))
    assert any(re.search(reason, text) for text in error.value.things_to_try)
