"""With -fsanitize=undefined, which hides what values can be, -Wconversion warned of FLOOR_DIV and FLOOR_MOD."""

import subprocess
from pathlib import Path

import cases
import native
import pytest

from aot.compile.printing import print_model

_WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror")


@pytest.mark.parametrize("name", cases.builders())
def test_no_warnings_where_overflows_are_checked(name: str, tmp_path: Path) -> None:
    graph, _ = cases.case(name, 0)
    for file, text in print_model(native.compiled(graph)).items():
        (tmp_path / file).write_text(text)
    command = ["gcc", *_WARNINGS, "-fsanitize=undefined", "-fsyntax-only", *map(str, tmp_path.glob("*.c"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
