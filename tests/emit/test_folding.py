"""No line of generated C has more than 120 characters."""

from pathlib import Path

import every_kernel
import pytest
from real_models import FOLDER, MODELS

from aot.base.folding import folded
from aot.compile.pipeline import compile_file
from aot.compile.printing import print_project
from aot.compile.records import Compiled
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

_WORDS = " ".join(f"word{i}" for i in range(30))


def _too_long(model: Compiled) -> list[str]:
    """The lines of its project that are."""
    texts = [str(text) for name, text in print_project(model).items() if name.endswith((".c", ".h"))]
    lines = [line for text in texts for line in text.split("\n")]
    assert len(lines) > 1000
    return [line for line in lines if len(line) > 120]


@pytest.mark.parametrize(("rounding", "board"), [("double", "host"), ("double", "mps2-an386"), ("onnx", "host")])
def test_lines_of_every_kernel(rounding: str, board: str) -> None:
    assert not _too_long(every_kernel.model(rounding, board))


@pytest.mark.skipif(not FOLDER, reason="AOT_MODELS is not set")
@pytest.mark.parametrize("model", MODELS)
def test_lines_of_real_models(model: str) -> None:
    assert not _too_long(compile_file(Path(FOLDER) / model, load_board("mps2-an386")))


@pytest.mark.parametrize(
    "line",
    [f"    /* {_WORDS} */", f" * {_WORDS}", f"    call({_WORDS.replace(' ', ', ')});", f"#define MACRO {_WORDS}"],
)
def test_the_words_stay(line: str) -> None:
    text = folded(f"first\n{line}\n")
    assert max(map(len, text.split("\n"))) <= 120
    assert text.replace("\\", "").replace("*", "").split() == f"first {line}".replace("*", "").split()


@pytest.mark.parametrize("line", ["x" * 121, f'    "{_WORDS}"'])
def test_what_cannot_be_broken_stays(line: str) -> None:
    assert folded(line) == line
