"""Whose answers the C gives where nobody says it: onnxruntime's for its models, on cores that have float32."""

from pathlib import Path

import pytest

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile_file, compile_graph
from aot.compile.records import Compiled
from aot.frontends import read
from aot.passes import normalize
from aot.targets import load_board

_QUANTIZED = Path(__file__).parents[1] / "data" / "pt2e" / "sequence.onnx"
_DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.tflite"


def _compiled(model: Path, board: str, rounding: str | None = None) -> Compiled:
    return compile_file(model, load_board(board), CompileOptions(rounding=rounding))


@pytest.mark.parametrize("board", ["mps2-an386", "host"])
def test_quantized_onnx_is_rounded_as_onnxruntime_rounds(board: str) -> None:
    compiled = _compiled(_QUANTIZED, board)
    assert (compiled.rounding, compiled.warnings) == ("onnx", ())
    assert "--rounding onnx" in compiled.options


def test_without_an_fpu_it_is_not_and_that_is_said() -> None:
    compiled = _compiled(_QUANTIZED, "mps2-an385")
    assert compiled.rounding == "double"
    (told,) = compiled.warnings
    assert "no FPU" in told
    assert "--rounding onnx" in told


def test_graphs_remember_it() -> None:
    compiled = compile_graph(normalize(read(_QUANTIZED)), load_board("mps2-an386"))
    assert compiled.rounding == "onnx"


def test_what_is_asked_for_is_done_in_silence() -> None:
    compiled = _compiled(_QUANTIZED, "mps2-an385", "onnx")
    assert (compiled.rounding, compiled.warnings) == ("onnx", ())


def test_tflite_is_rounded_as_ever() -> None:
    compiled = _compiled(_DIGITS, "mps2-an386")
    assert (compiled.rounding, compiled.warnings) == ("double", ())
    assert "--rounding double" in compiled.options
