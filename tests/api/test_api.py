"""The Python interface: what the commands do, as functions."""

import doctest
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from paths import EXAMPLES, SINE

import aot as package
from aot.base.choices import CompileKeywords, CompileOptions, RunKeywords, RunOptions
from aot.base.errors import AotError
from aot.base.version import __version__


def test_examples_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    results = doctest.testmod(package, optionflags=doctest.ELLIPSIS)
    assert results.attempted >= 5 and results.failed == 0


def test_version() -> None:
    assert package.__version__ == __version__


def test_keyword_arguments_are_the_fields_of_the_options() -> None:
    for keywords, options in ((CompileKeywords, CompileOptions), (RunKeywords, RunOptions)):
        assert sorted(keywords.__annotations__) == sorted(field.name for field in fields(options))


def test_functions(tmp_path: Path) -> None:
    assert "host" in [board.name for board in package.boards()]
    built = package.build(SINE, "microbit", tmp_path / "out", rounding="single")
    assert built.elf is not None and built.elf.is_file() and built.compiled.rounding == "single"
    ran = package.run(SINE, "host", {"any": np.array([[5], [6]], np.int8)})
    assert ran.verdict.exact and ran.outputs["y"].shape == (2, 1)
    assert package.verify(SINE, "host", layers=True).verdict.exact
    for wrong in ({"rounding": "up"}, {"project": "nonsense"}):
        with pytest.raises(AotError, match="the choices are"):
            package.build(SINE, "host", tmp_path / "more", **wrong)  # type: ignore[arg-type]
