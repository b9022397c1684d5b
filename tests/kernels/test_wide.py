"""int16 activations, and int16 weights, on cores with the DSP extension: what random cases seldom meet."""

from pathlib import Path

import cases
import merge
import native
import numpy as np
import pytest
from graphs import graph_of
from paths import DIGITS

import aot as package
from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile import pipeline
from aot.compile.printing import make, print_model
from aot.device.verify import run as run_on_device
from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.conv2d import Conv2D
from aot.ops.fully_connected import FullyConnected
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

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
    assert f"{helper}(" in print_model(model)[model.sources[1]]
    shape = graph["x"].shape
    samples = [{"x": np.full(shape, value, np.int16)} for value in (-32768, 32767)]
    samples.append({"x": np.random.default_rng(0).integers(-32768, 32767, shape, np.int16, endpoint=True)})
    assert run_on_device(model, make(model, tmp_path), samples, count=False).exact


@pytest.mark.parametrize(
    ("board", "rounding"),
    [("mps2-an386", "double"), ("mps2-an386", "float"), (BOARDS[1], "single")],
)
def test_int16_weights(board: str, rounding: str, tmp_path: Path) -> None:
    """Of every convolution and dense layer that such a core has a kernel for, whatever its activations are."""
    layers = ("Conv2D", "FullyConnected")
    others = ("float32", "uint8", "huge")
    names = [name for name in cases.builders() if name.startswith(layers) and not name.endswith(others)]
    graph, sample = merge.merged([cases.case(name, 100 + i) for name in names for i in range(cases.TIMES)])
    options = CompileOptions(rounding=rounding, weights="int16")
    model = pipeline.compile(graph, load_board(board), "0" * 64, options)
    wide = [call for call in model.calls if call.variant.get("packing") == "_wide"]
    kinds = ("conv2d", "dense", "dense_row")
    assert {call.kernel.name for call in wide} == {f"{kind}_{suffix}_dsp" for kind in kinds for suffix in ("s8", "s16")}
    assert run_on_device(model, make(model, tmp_path), [sample, sample], count=False).exact


def _packed(weights: str | list[str]) -> dict[str, str]:
    """How the weights of each layer of the digits example are packed."""
    options = CompileOptions(weights=weights)
    calls = pipeline.compile_file(DIGITS, load_board("mps2-an386"), options).calls
    return {call.outputs[0]: call.variant["packing"] for call in calls if "packing" in call.variant}


def test_int16_weights_of_some_layers() -> None:
    assert set(_packed("internal")) == {"edges", "parts", "scores"}
    assert "_wide" not in _packed("internal").values()
    assert set(_packed("int16").values()) == {"_wide"}
    assert {layer for layer, kind in _packed(["int16:parts", "int16:edges"]).items() if kind == "_wide"} == {
        "parts",
        "edges",
    }
    for wrong in ("int16:shapes", "int16:nothing", "int16:"):
        with pytest.raises(AotError, match=f"--weights {wrong}: that is no convolution and no dense layer") as caught:
            _packed(wrong)
        assert "those of digits are edges, parts, scores" in str(caught.value)


@pytest.mark.parametrize(
    ("board", "weights", "said"),
    [
        ("mps2-an385", "int16", "--weights int16 is for cores with the DSP extension"),
        ("mps2-an386", "int8", "there is no choice of weights called 'int8'"),
        ("mps2-an386", ["int16", "int16x"], "there is no choice of weights called 'int16x'"),
    ],
)
def test_choices_that_make_no_sense(board: str, weights: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(AotError, match=said):
        package.build(DIGITS, board, tmp_path / "out", weights=weights)
