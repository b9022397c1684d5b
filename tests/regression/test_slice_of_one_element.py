"""STRIDED_SLICE down to a scalar read from a random address: numpy gave a copy of the element, not a view of it."""

from pathlib import Path

import graphs
import native
import numpy as np
import pytest

from aot.graph.ir import Tensor
from aot.ops.slice import StridedSlice

pytestmark = pytest.mark.operator("STRIDED_SLICE")


def test_a_single_element_is_found(tmp_path: Path) -> None:
    x, y = Tensor("x", (2, 9), "int64"), Tensor("y", (), "int64")
    parts = {"begin": (1, -8), "end": (2, -7), "strides": (1, 1)}
    graph = graphs.graph_of(StridedSlice, [x], y, **parts, shrink_axis_mask=3)
    sample = {"x": np.arange(18).reshape(2, 9)}
    (actual,) = native.run(native.program(native.compiled(graph), tmp_path, *native.SANITIZE), graph, [sample])
    assert actual["y"] == 10
