"""`aot inspect --memory`: the same numbers as the plan, in text, JSON and a picture."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import native
import pytest
from command import aot
from paths import DIGITS
from topologies import TOPOLOGIES

from aot.cli.memory_report import memory_lines, memory_map, memory_svg

_COMMAND = ("inspect", DIGITS, "--memory", "--board", "mps2-an386")


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_any_graph(name: str) -> None:
    model = native.compiled(TOPOLOGIES[name])
    found = memory_map(model)
    assert max((call.top for call in found.calls), default=0) <= found.arena_bytes == model.plan.size
    assert max((call.bytes for call in found.calls), default=0) <= found.lower_bound
    assert {b.name: b.offset for b in found.buffers} == {b.name: model.plan.offset_of(b.name) for b in found.buffers}
    assert len(list(memory_lines(found))) > len(found.calls)
    ElementTree.fromstring(memory_svg(found))


def test_text() -> None:
    lines = aot(*_COMMAND).out.splitlines()
    assert lines[0] == "arena 652 bytes (lower bound 652, proved optimal)"
    assert [line for line in lines if line.startswith(">")] == [f">   0       652 {'#' * 40} edges (conv2d_s8_dsp)"]


def test_json() -> None:
    values = aot(*_COMMAND, "--json").json
    assert (values["arena_bytes"], values["lower_bound"], values["peak"]) == (652, 652, 0)
    assert {b["name"] for b in values["buffers"] if b["first"] <= 0 <= b["last"]} == {
        "image",
        "edges",
        "scratch of edges",
    }


def test_picture(tmp_path: Path) -> None:
    picture = tmp_path / "arena.svg"
    assert aot(*_COMMAND, "--picture", picture).code == 0
    names = [e.text or "" for e in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}title")]
    assert "digits on mps2-an386: 652 bytes" in names
    assert any(name.startswith("scratch of edges: ") for name in names)


@pytest.mark.parametrize(
    "wrong", ["--memory", "--board host", "--picture x.svg", "--max-ram 600", "--pool ram", "--rounding float"]
)
def test_what_belongs_together(wrong: str) -> None:
    assert aot("inspect", DIGITS, *wrong.split()).code == 2
