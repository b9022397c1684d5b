"""Arrays called exactly as the model's file calls its inputs were refused where that had more than 200 characters."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reading
from topologies import add, connected

from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.frontends.tflite import writer
from aot.graph.ir import Graph
from aot.oracle.samples import read_samples
from aot.targets import load_board

LONG = "a" * 300
NAMES = {
    "longer than a comment": (LONG, "b"),
    "as long as an archive takes": ("a" * (65_535 - len(".npy")), "b"),
    "told apart at their ends": (LONG + "/x", LONG + "/y"),
    "one is how the other begins": (LONG + "/x", LONG),
    "control characters": ("a\nb", "a\tb"),
    "right to left": ("\u202eabc", "שלום"),
    "paths": ("../a", "/b/c.npy"),
    "beyond letters": ("😀" * 120, "%s %n $a #b 'c' \"d\" \\"),
}
every_name = pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)


@pytest.fixture
def model(names: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that adds its two inputs, which its file calls by `names`, as other converters may."""
    graph = connected("p q", "y", add("p", "q", "y"), p=(1, 3), q=(1, 3), y=(1, 3))
    called = (replace(graph[own], label=name) for own, name in zip("pq", names, strict=True))
    with monkeypatch.context() as patched:
        patched.setattr(writer, "_labels", lambda tensors: {t.name: t.label or t.name for t in tensors})
        (tmp_path / "net.tflite").write_bytes(writer.write(graph.with_tensors(*called)))
    return tmp_path / "net.tflite"


def _taken(graph: Graph, names: tuple[str, str], folder: Path) -> list[int]:
    """The first number of each input, where the arrays of `names` in an archive are of ones and of twos."""
    with (folder / "samples.npz").open("wb") as file:
        np.savez(file, **{name: np.full((1, 3), value, np.int8) for name, value in zip(names, (1, 2), strict=True)})
    (sample,) = read_samples(folder / "samples.npz", graph)
    return [int(sample[name][0, 0]) for name in graph.inputs]


@every_name
def test_arrays_named_like_the_inputs_are_taken(model: Path, names: tuple[str, str], tmp_path: Path) -> None:
    assert _taken(reading.load(model), names, tmp_path) == [1, 2]


@every_name
def test_a_file_that_is_written_again_calls_them_so(model: Path, names: tuple[str, str], tmp_path: Path) -> None:
    written = reading.parse(writer.write(reading.load(model)))
    assert [written[name].label for name in written.inputs] == list(names)


@every_name
def test_comments_stay_short(model: Path, names: tuple[str, str]) -> None:
    header = print_model(compile_file(model, load_board("host")))["net.h"]
    lines = header.split("\n")
    assert sum("Input" in line for line in lines) >= 2
    assert all(len(line) < 350 and line.isprintable() for line in lines)
