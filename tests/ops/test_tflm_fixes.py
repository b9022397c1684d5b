"""What TensorFlow Lite Micro mended in 2026: copies of values around WHILE, 64-bit sums of 16x8 layers without bias."""

from typing import Any

import cases
import graphs
import graphs_control
import numpy as np
import pytest
import tflm

from aot.frontends.tflite.writer import write
from aot.graph.ir import Op, Quant, Tensor
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.transpose_conv import TransposeConv
from aot.oracle.interpreter import initial_state, run

_LOOPS = [name for name in graphs_control.BUILDERS if name.startswith("While")]
_WINDOW: dict[str, Any] = {"stride": (1, 1), "padding": ((0, 0), (0, 0))}
_LAYERS: dict[type[Op], tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    FullyConnected: ((2, 1200), (3, 1200), (2, 3), {}),
    Conv2D: ((1, 2, 2, 1200), (3, 1, 1, 1200), (1, 2, 2, 3), _WINDOW),
    TransposeConv: ((1, 2, 2, 1200), (3, 1, 1, 1200), (1, 2, 2, 3), _WINDOW),
    DepthwiseConv2D: ((1, 40, 40, 1), (1, 40, 40, 3), (1, 1, 1, 3), _WINDOW),
}


def _tensor(name: str, shape: tuple[int, ...], dtype: str, scale: float) -> Tensor:
    return Tensor(name, shape, dtype, Quant((float(np.float32(scale)),), (0,)))


@pytest.mark.parametrize("kind", _LAYERS, ids=lambda kind: kind.__name__)
def test_sums_beyond_32_bits_without_a_bias(kind: type[Op]) -> None:
    """Nearly all inputs and weights are the largest: the sums are around 2^32."""
    x_shape, w_shape, y_shape, attributes = _LAYERS[kind]
    rng = np.random.default_rng(0)
    weights = rng.integers(90, 127, w_shape, endpoint=True).astype(np.int8)
    w = Tensor("w", w_shape, "int8", Quant((float(np.float32(0.01)),), (0,)), weights)
    x, y = _tensor("x", x_shape, "int16", 1e-4), _tensor("y", y_shape, "int16", 0.25)
    graph = graphs.graph_of(kind, [x, w], y, **attributes)
    sample = {"x": rng.integers(30000, 32767, x_shape, endpoint=True).astype(np.int16)}
    (wanted,) = tflm.outputs(write(graph), list(sample.values()))
    actual = run(graph, sample)["y"]
    assert actual.tolist() == wanted.tolist() and 10_000 < actual.max() < 32_767


@pytest.mark.parametrize("name", _LOOPS)
def test_loops(name: str) -> None:
    compared = 0
    for seed in range(40):
        graph, sample = cases.case(name, seed)
        try:
            wanted = tflm.outputs(write(graph), [sample[n] for n in graph.inputs], len(graph.outputs))
        except RuntimeError:  # it has not every type of ADD
            continue
        values = run(graph, {**sample, **initial_state(graph)})
        assert all(values[n].tobytes() == array.tobytes() for n, array in zip(graph.outputs, wanted, strict=True)), seed
        compared += 1
    assert compared >= 5
