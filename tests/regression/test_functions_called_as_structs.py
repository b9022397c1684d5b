"""Two models of one firmware did not compile: they shared a struct, and one had a function of its name to itself."""

from dataclasses import replace
from pathlib import Path

import graphs
import merge
import native
import numpy as np

from aot.compile.bundle import bundled
from aot.compile.printing import make
from aot.graph.ir import Graph, Quant
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D

_Q = Quant((0.1,), (3,))
_NAME = "channel_output_s8"


def _layer(kind: type[Conv2D] | type[DepthwiseConv2D], weights: tuple[int, ...]) -> Graph:
    """A layer of 1x6x6x4 with a scale for each channel; of 4x4 filters, whose depth-wise kernel calls the function."""
    axis = 0 if kind is Conv2D else 3
    scales = tuple(0.01 + 0.001 * i for i in range(weights[axis]))
    data = np.random.default_rng(1).integers(-127, 128, weights).astype(np.int8)
    w = graphs.int8("w", weights, Quant(scales, (0,) * len(scales), axis), data)
    size = 6 - weights[1] + 1
    return graphs.graph_of(kind, [graphs.int8("x", (1, 6, 6, 4), _Q), w], graphs.int8("y", (1, size, size, 4), _Q))


def test_both_files_compile(tmp_path: Path) -> None:
    points, taps = _layer(Conv2D, (4, 1, 1, 4)), _layer(DepthwiseConv2D, (1, 4, 4, 4))
    layers = {"a": [points, points], "b": [points, points, taps]}
    graphs_of = {name: merge.merged([(one, {}) for one in those])[0] for name, those in layers.items()}
    models = [native.compiled(replace(graph, name=name), board="mps2-an385") for name, graph in graphs_of.items()]
    whole = bundled(models)
    assert whole.common is not None and {_NAME, f"struct {_NAME}"} <= whole.common.names
    make(whole, tmp_path)
