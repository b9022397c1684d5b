"""Softmax of rows of 2,048 elements and more rounded otherwise on cores with the DSP extension."""

from pathlib import Path

import emulated
import graphs
import native
import numpy as np
import pytest

from aot.graph.ir import Quant
from aot.ops.softmax import Softmax, fixed_exp_table
from aot.oracle import interpreter

pytestmark = pytest.mark.operator("SOFTMAX")


def test_smallest_reciprocal_with_the_dsp_extension(tmp_path: Path) -> None:
    """Its reciprocal is a little less than 2^30, too small for what SMMLAR does with the others."""
    depth = 2112
    x = graphs.int8("x", (1, depth), Quant((0.1,), (0,)))
    graph = graphs.graph_of(Softmax, [x], graphs.int8("y", x.shape, graphs.PROBABILITY))
    weights = (fixed_exp_table(x.scale, 1.0) + (1 << 11)) >> 12
    distances, left = [], (1 << 30) - 1
    while left:
        distances.append(int(np.flatnonzero(weights <= left)[0]))
        left -= int(weights[distances[-1]])
    value = 127 - np.array(distances + [255] * (depth - len(distances)))
    sample = {"x": value.astype(np.int8).reshape(x.shape)}
    model = native.compiled(graph, board="mps2-an386")
    (outputs,) = emulated.run(model, tmp_path, [sample])
    assert np.array_equal(outputs["y"], interpreter.run(graph, sample)["y"])
