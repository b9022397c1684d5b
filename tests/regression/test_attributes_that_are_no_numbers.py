"""An attribute that is not a number, or infinite, ended in a traceback: each real attribute is looked at when read."""

from pathlib import Path

import cases
import pytest
from command import aot, refused, tampered

from aot.graph.ir import Graph

_ATTRIBUTES = {  # a builder's name: the table that holds the attribute, and its name there
    "LeakyRelu float32": ("LeakyReluOptions", "Alpha"),
    "LeakyRelu int8": ("LeakyReluOptions", "Alpha"),
    "LeakyRelu int16": ("LeakyReluOptions", "Alpha"),
    "Softmax": ("SoftmaxOptions", "Beta"),
    "Softmax float32": ("SoftmaxOptions", "Beta"),
    "Softmax int16": ("SoftmaxOptions", "Beta"),
    "Lstm": ("UnidirectionalSequenceLSTMOptions", "CellClip"),
    "Lstm of int8": ("UnidirectionalSequenceLSTMOptions", "ProjClip"),
    "Lstm of int16": ("UnidirectionalSequenceLSTMOptions", "CellClip"),
}


def _graph(name: str) -> Graph:
    return cases.case(name, 0)[0]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("name", _ATTRIBUTES)
def test_is_refused(name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, field = _ATTRIBUTES[name]
    path = tmp_path / "net.tflite"
    path.write_bytes(tampered(_graph(name), monkeypatch, table, **{field: float(value)}))
    message = refused("build", path, "--board", "host", "-o", tmp_path / "out")
    assert f"{field} is {value}; supported: finite numbers" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [3e38, -3e38, 1e-45, 0.0])
@pytest.mark.parametrize("name", _ATTRIBUTES)
def test_extreme_numbers_end_in_no_traceback(
    name: str, value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, field = _ATTRIBUTES[name]
    path = tmp_path / "net.tflite"
    path.write_bytes(tampered(_graph(name), monkeypatch, table, **{field: value}))
    done = aot("build", path, "--board", "host", "-o", tmp_path / "out", "--no-compile")
    assert done.code == 0 or done.err.startswith("error: "), done.err
