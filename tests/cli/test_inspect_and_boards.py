"""`aot inspect` and `aot boards`: what they print."""

from dataclasses import replace
from pathlib import Path

import graphs
import numpy as np
import pytest
import reading
from command import aot, refused
from onnx import helper
from onnx_models import onnx_model
from paths import DIGITS, SINE

from aot.cli.transposes import transposes_of
from aot.graph.ir import Quant
from aot.ops.transpose import Transpose
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


def _shuffled(folder: Path) -> Path:
    """An image with its channels first, a shuffle of channels between two convolutions, an image as the output."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["a"]),
        make("Reshape", ["a", "split"], ["g"]),
        make("Transpose", ["g"], ["t"], perm=[0, 2, 1, 3, 4]),
        make("Reshape", ["t", "whole"], ["s"]),
        make("Conv", ["s", "v"], ["y"], group=6),
    ]
    constants = {
        "w": np.ones((6, 2, 1, 1), np.float32), "v": np.ones((6, 1, 1, 1), np.float32),
        "split": np.array([1, 2, 3, 4, 4]), "whole": np.array([1, 6, 4, 4]),
    }  # fmt: skip
    path = folder / "shuffled.onnx"
    path.write_bytes(onnx_model(nodes, {"x": (1, 2, 4, 4)}, {"y": (1, 6, 4, 4)}, constants))
    return path


def test_inspect_says_which_transposes_are_left_and_why(tmp_path: Path) -> None:
    model = _shuffled(tmp_path)
    kept = aot("inspect", model, "--json").json["transposes"]
    assert [(one["bytes"], one["reason"].split(";")[0]) for one in kept] == [
        (128, "the input %x has its channels first"),
        (384, "%a (Conv2D) has its axes in another order than %y_2 (DepthwiseConv2D) takes them"),
        (384, "the output %y has its channels first"),
    ]
    shown = aot("inspect", model).out
    assert (
        "transposes that move elements: 3\n" in shown and f"  - %{kept[1]['name']}, 384 bytes: %a (Conv2D) has" in shown
    )
    inside = aot("inspect", model, "--io-layout", "nhwc", "--json").json["transposes"]
    assert [one["reason"] for one in inside] == [kept[1]["reason"].replace("%y_2", "%y")]


@pytest.mark.parametrize(("extents", "count"), [((1, 4, 1, 3), 0), ((1, 4, 2, 3), 1)])
def test_transposes_that_move_nothing_are_not_among_them(extents: tuple[int, ...], count: int) -> None:
    x = graphs.int8("x", extents, Quant((1.0,), (0,)))
    y = replace(x, name="y", shape=(extents[0], extents[2], extents[1], extents[3]))
    assert len(transposes_of(graphs.graph_of(Transpose, [x], y, permutation=(0, 2, 1, 3)))) == count


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
