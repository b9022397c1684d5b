"""Names of models and tensors: whatever a file calls them, the C compiles, and no two things are called the same."""

import re
from dataclasses import replace
from pathlib import Path

import graphs
import merge
import native
import numpy as np
import pytest
from compilers import WARNINGS, quiet
from graphs_dense import small_dense
from reading import parse
from topologies import TOPOLOGIES, add, connected, relu

from aot.base.errors import AotError
from aot.base.files import write_files
from aot.compile.pipeline import compile_file
from aot.compile.printing import files_of, make, print_model
from aot.device.verify import run as run_on_device
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph
from aot.oracle import interpreter
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

_HOSTILE = (
    "int", "while", "class", "namespace", "restrict", "_Bool", "inline", "main", "arena", "base", "run", "input",
    "output", "clamp", "requantize", "rounding_high", "params_x", "params_y", "dense_s8", "conv2d_s8", "product",
    "lookup_s8", "memcpy", "int8_t", "INT8_MIN", "NULL", "size", "shape", "SIZE", "a", "b", "p", "out", "in", "x", "X",
    "x_weights", "x_bias", "y_table", "Y_TABLE", "k_data", "stdin", "errno", "EOF", "a b", "a.b", "a/b", "a_b", "A_B",
    "", " ", "\u00e4\u00f6\u00fc", "\u6a21\u578b", "\u0661", "0", "1x", "-1", "*/ int z; /*", "//", "\\", '"', "%s",
    "{{ x }}", "%% if", "\n", "n" * 300, "n" * 299 + "m", "quantize", "input_quantize", "input_x", "output_x", "trace",
    "TRACE", "defined", "linux", "unix",
)  # fmt: skip


def _hostile() -> Graph:
    """Chains of operators whose every tensor has such a name; inputs, outputs, constants and what lies between."""
    parts = []
    for i in range(0, len(_HOSTILE), 4):
        labels = [_HOSTILE[(i + j) % len(_HOSTILE)] for j in range(4)]
        graph = connected("x", "y", relu("x", "a"), add("a", "k", "y"), constants="k")
        tensors = zip(("x", "a", "k", "y"), labels, strict=True)
        parts.append((graph.with_tensors(*(_labelled(graph, name, label) for name, label in tensors)), {}))
    return merge.merged(parts, "hostile")[0]


def _labelled(graph: Graph, name: str, label: str) -> graphs.Tensor:
    return graphs.Tensor(**{**vars(graph[name]), "label": label})


def test_hostile_tensor_names(tmp_path: Path) -> None:
    graph = parse(write(_hostile()), "hostile")
    model = native.compiled(graph)
    write_files(print_model(model), tmp_path)
    for source in model.sources[1:]:
        quiet(["gcc", "-std=c99", *WARNINGS, "-c", source], tmp_path)
    rng = np.random.default_rng(0)
    sample = {name: graphs.codes(rng, graph[name].shape) for name in graph.inputs}
    verdict = run_on_device(model, make(model, tmp_path / "firmware"), [sample], count=False)
    assert verdict.first_difference is None


def _two_outputs(model: str, x: str, *ys: str) -> Graph:
    """Dense layers of one input; all of these are names."""
    dense = small_dense()
    (op,) = dense.ops
    ops = tuple(replace(op, name=y, inputs=(x, *op.inputs[1:]), outputs=(y,)) for y in ys)
    ports = [replace(dense["x"], name=x), *(replace(dense["y"], name=y) for y in ys)]
    return Graph(model, {t.name: t for t in (*ports, dense["w"])}, ops, (x,), ys)


@pytest.mark.parametrize("names", [("x", "y", "y_dequantize"), ("weights", "input", "b"), ("x", "run", "init")])
def test_names_that_could_meet_do_not(names: tuple[str, str, str], tmp_path: Path) -> None:
    model = native.compiled(_two_outputs("net", *names))
    write_files(print_model(model), tmp_path)
    quiet(["gcc", "-std=c99", *WARNINGS, "-fsyntax-only", *model.sources[1:]], tmp_path)


@pytest.mark.parametrize(("model", "output"), [("params", "run"), ("tensor", "s8")])
def test_names_that_meet_are_refused(model: str, output: str) -> None:
    with pytest.raises(AotError, match="two things would be called") as caught:
        native.compiled(_two_outputs(model, "x", output, "other"))
    assert "--name" in str(caught.value)


def test_files_say_what_they_define() -> None:
    files = files_of(native.compiled(small_dense(), board="mps2-an386"))
    header, code, weights = (files[f"dense{end}"] for end in (".h", ".c", "_weights.c"))
    functions = {f"dense_{what}" for what in ("input", "output", "quantize_input", "dequantize_output")}
    assert set(header.defines) == functions | set(re.findall(r"^#define (\w+)", header.text, re.MULTILINE))
    assert code.defines == ("dense_run",)
    assert set(weights.defines) == set(re.findall(r"^DENSE_WEIGHTS .*?(\w+)\[", weights.text, re.MULTILINE))


_MODEL_NAMES = (
    "model", "main", "int", "string", "stdint", "Stdlib", "board", "wire", "commands", "MODEL", "mlperf", "dense_s8",
    "startup", "a b", "1", "\u00e4", "x" * 200,
)  # fmt: skip


@pytest.mark.parametrize("name", _MODEL_NAMES)
def test_hostile_model_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(write(small_dense()))
    model = compile_file(path, load_board("mps2-an386"))
    firmware = make(model, tmp_path / "firmware")
    if name == "model":
        sample = {"x": np.array([[1, 2, 3, 4]], np.int8)}
        assert run_on_device(model, firmware, [sample], count=False).first_difference is None


def test_tensor_comments_cannot_end_a_comment() -> None:
    graph = TOPOLOGIES["branches"].with_tensors(_labelled(TOPOLOGIES["branches"], "x", "*/ evil /*"))
    text = print_model(native.compiled(graph))["net.h"]
    assert "*/ evil" not in text
    assert interpreter.run(graph, {"x": np.zeros((2, 3, 4), np.int8)})["y"].shape == (2, 3, 4)
