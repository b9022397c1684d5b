"""int16 activations, and int16 weights, on cores with the DSP extension: what random cases seldom meet."""

from pathlib import Path

import native
import numpy as np
import pytest
from graphs import graph_of

from aot import pipeline
from aot.ir import Graph, Quant, Tensor
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected
from aot.verify import run as run_on_device

BOARDS = ("mps2-an386", "mps2-an505")


def _int16(name: str, shape: tuple[int, ...], scale: float = 1.0) -> Tensor:
    return Tensor(name, shape, "int16", Quant((scale,), (0,)))


def _weights(shape: tuple[int, ...]) -> Tensor:
    """Filters of the lowest weight, of the highest, and of half of each."""
    data = np.empty(shape, np.int8).reshape(shape[0], -1)
    data[:] = np.arange(shape[0])[:, None] % 2 * 255 - 128
    data[2::3, ::2] ^= -1
    return Tensor("w", shape, "int8", Quant((2.0**-20,), (0,)), data.reshape(shape))


def _deep(kind: type) -> Graph:
    """More products than 32 bits have room for."""
    if kind is FullyConnected:
        return graph_of(kind, [_int16("x", (1, 1029)), _weights((6, 1029))], _int16("y", (1, 6), 0.25))
    x, y = _int16("x", (1, 3, 3, 67)), _int16("y", (1, 3, 3, 5), 0.25)
    return graph_of(kind, [x, _weights((5, 3, 3, 67))], y, padding=((1, 1), (1, 1)))


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(("kind", "helper"), [(Conv2D, "tile_parts"), (FullyConnected, "row_parts")])
def test_sums_of_more_than_32_bits(kind: type, helper: str, board: str, tmp_path: Path) -> None:
    graph = _deep(kind)
    model = native.compiled(graph, board=board)
    assert f"{helper}(" in model.files[model.sources[1]]
    shape = graph["x"].shape
    samples = [{"x": np.full(shape, value, np.int16)} for value in (-32768, 32767)]
    samples.append({"x": np.random.default_rng(0).integers(-32768, 32767, shape, np.int16, endpoint=True)})
    assert run_on_device(model, pipeline.make(model, tmp_path), samples, count=False).exact
