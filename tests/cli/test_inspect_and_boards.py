"""`aot inspect` and `aot boards`: what they print."""

from pathlib import Path

import pytest
import reading
from command import aot, refused
from paths import DIGITS, SINE

from aot.passes import NORMALIZE, PASSES


def test_inspect() -> None:
    done = aot("inspect", DIGITS)
    graph = reading.load(DIGITS)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{graph}\n\nlayer ")
    for op in graph.ops:
        assert f"\n{op.name} " in done.out
    assert "multiply-accumulates" in done.out and "total" in done.out


def test_inspect_json() -> None:
    values = aot("inspect", DIGITS, "--json").json
    assert values.keys() >= {"inputs", "outputs", "ops", "macs", "parameters", "unsupported"}
    assert values["ops"][0].keys() >= {"name", "op", "inputs", "outputs", "macs"}
    assert values["macs"] == sum(op["macs"] for op in values["ops"]) > 0
    assert (values["inputs"][0]["name"], values["unsupported"]) == ("image", [])


@pytest.mark.parametrize("name", [one.__name__ for one in PASSES])
def test_inspect_after_a_pass(name: str) -> None:
    assert aot("inspect", DIGITS, "--stop-after", name).code == 0
    assert "ops" in aot("inspect", DIGITS, "--stop-after", name, "--json").json


def test_inspect_a_kernel() -> None:
    shown = aot("inspect", "--kernel", "conv2d_s8_dsp").out
    for fragment in ("aot.kernels.conv.dsp.conv2d.conv2d_dsp", "kernels/conv/dsp/conv2d_dsp.c.j2", "macros/tiles.c.j2"):
        assert fragment in shown
    values = aot("inspect", "--kernel", "conv2d_s8_dsp", "--json").json
    assert values["features"] == ["dsp"] and values["prices"]["dsp"]["rows"] > 0
    assert {"spread_window_{suffix}", "widen_even", "tiles_{scale}[_s16]{packing}[_planes][_clamped]"} <= {
        *values["needs"]
    }


def test_inspect_needs_a_model_or_a_kernel() -> None:
    assert aot("inspect").code == aot("inspect", DIGITS, "--kernel", "unary").code == 2
    assert aot("inspect", "--kernel", "nothing").code == 1


def test_inspect_after_no_pass() -> None:
    assert f"the passes are {NORMALIZE[0].__name__}" in refused("inspect", DIGITS, "--stop-after", "nonsense")


def test_boards() -> None:
    listed = aot("boards", "--json").json["boards"]
    assert listed[0].keys() >= {"name", "description", "core", "memory", "runners"}
    lines = aot("boards").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [board["name"] for board in listed]
    assert all(board["description"] in line for board, line in zip(listed, lines[1:], strict=True))


def test_a_new_board(tmp_path: Path) -> None:
    done = aot("boards", "--new", "mine", "--from", "mps2-an386", "--board-dir", tmp_path / "boards")
    assert done.out == f"edit the files in {tmp_path / 'boards' / 'mine'}\n"
    assert "mine, started from mps2-an386" in aot("boards", "--board-dir", tmp_path / "boards").out
    assert aot("verify", SINE, "--board", "mine", "--board-dir", tmp_path / "boards").code == 0
    assert "there is no folder" in refused("run", SINE, "--board", "mine", "--board-dir", tmp_path / "gone")
    assert "a name and a board to start from" in refused("boards", "--new", "mine")
