"""A float32 model was built without a word of what int8 would save."""

from pathlib import Path

import float_graphs
import numpy as np
import pytest
from command import aot
from float_graphs import samples
from paths import DIGITS

from aot.compile.pipeline import compile_file
from aot.compile.savings import savings_of
from aot.frontends.tflite.writer import write
from aot.quantizer import quantize
from aot.targets import load_board

FLOAT = float_graphs.convolutions()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "float.tflite").write_bytes(write(FLOAT))
    return tmp_path / "float.tflite"


def _weights() -> int:
    """The elements of all weights of layers."""
    return sum(FLOAT[op.inputs[1]].elements for op in FLOAT.ops if op.scheme.channel_axis is not None)


@pytest.mark.parametrize("command", ["build", "run"])
def test_it_is_said_once(command: str, model: Path, tmp_path: Path) -> None:
    more = ("--no-compile", "-o", tmp_path / "out") if command == "build" else ()
    board = "mps2-an386" if command == "build" else "host"
    done = aot(command, model, "--board", board, *more)
    notes = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1 and "`aot quantize`" in notes[0], done
    assert f"{_weights():,} bytes of weights instead of {4 * _weights():,}" in notes[0]
    assert ("of the cycles" in notes[0]) == (command == "build"), "nobody knows the computer's cycles"
    assert "note" not in done.out


def test_scripts_are_told_nothing(model: Path, tmp_path: Path) -> None:
    done = aot("build", model, "--board", "host", "--no-compile", "-o", tmp_path / "out", "--json")
    assert done.err == "" and done.json["model"] == "float_model"


def test_what_is_quantized_is_told_nothing(model: Path, tmp_path: Path) -> None:
    assert aot("build", DIGITS, "--board", "host", "--no-compile", "-o", tmp_path / "a").err == ""
    np.savez(tmp_path / "x.npz", image=np.concatenate([sample["image"] for sample in samples(FLOAT, 24)]))
    given = ("--calibration", tmp_path / "x.npz", "-o", tmp_path / "b")
    assert aot("build", model, "--board", "host", "--no-compile", *given).err == ""


def test_layers_without_an_integer_form_are_told_nothing(tmp_path: Path) -> None:
    net = float_graphs.Net(1, x=(1, 4))
    (tmp_path / "y.tflite").write_bytes(write(net.graph(net.add(float_graphs.Tanh, "y", (1, 4), "x"))))
    assert aot("build", tmp_path / "y.tflite", "--board", "host", "--no-compile", "-o", tmp_path / "out").err == ""


@pytest.mark.parametrize("board", ["mps2-an385", "mps2-an386"])
def test_the_estimate_is_near_to_what_quantizing_gives(board: str, model: Path, tmp_path: Path) -> None:
    before = compile_file(model, load_board(board))
    found = savings_of(before)
    (tmp_path / "int8.tflite").write_bytes(quantize(FLOAT, samples(FLOAT, 24)).tflite())
    after = compile_file(tmp_path / "int8.tflite", load_board(board))
    times = sum(call.cost for call in before.calls) / sum(call.cost for call in after.calls)
    assert found is not None and found.faster is not None and times / 1.2 < found.faster < times * 1.2
