"""A model whose name begins as a folder of the firmware was compiled for size, as if it were part of that."""

from pathlib import Path

import pytest
from paths import SINE

from aot.base.choices import CompileOptions
from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.targets import load_board


@pytest.mark.parametrize("name", ["boardgame", "firmware2"])
def test_it_is_the_same_program(name: str, tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    plain, other = (
        make(compile_file(SINE, board, CompileOptions(name=each)), tmp_path / each) for each in ("sine", name)
    )
    assert abs(plain.flash.code - other.flash.code) < 32 and plain.stack.bytes == other.stack.bytes
