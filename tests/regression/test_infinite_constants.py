"""Constants of infinity and not-a-number, which masks of attention have, were no C."""

from pathlib import Path

import native
import numpy as np
from onnx import helper
from onnx_models import graph_of, onnx_model

_LIMITS = np.array([-np.inf, np.inf, np.nan, 1.5], np.float32)


def test_constants_need_not_be_finite(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "limits"], ["y"])]
    compiled = native.compiled(graph_of(onnx_model(nodes, {"x": (4,)}, {"y": (4,)}, {"limits": _LIMITS})))
    ((name, shape),) = [(n, compiled.graph[n].shape) for n in compiled.graph.inputs]
    (found,) = native.run(native.program(compiled, tmp_path), compiled.graph, [{name: np.ones(shape, np.float32)}])
    np.testing.assert_array_equal(found["y"], _LIMITS + 1)


def test_finite_ones_need_no_header(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "limits"], ["y"])]
    known = {"limits": np.ones(4, np.float32)}
    native.program(native.compiled(graph_of(onnx_model(nodes, {"x": (4,)}, {"y": (4,)}, known))), tmp_path)
    assert "math.h" not in (tmp_path / "model_weights.c").read_text()
