"""The tests' own store of objects: an object is found again only where all that it is made of is the same."""

from pathlib import Path

import pytest
from objects import Objects


@pytest.mark.parametrize(
    ("changed", "compiled"),
    [
        ({}, 1),
        ({"sine.h": "int more;"}, 1),
        ({"firmware/main.c": '#include "board.h"\nint more;'}, 2),
        ({"firmware/main.c": '#include "sine.h"'}, 2),
        ({"board/board.h": "int more;"}, 2),
        ({"firmware/wire.h": "int more;"}, 2),
    ],
    ids=str,
)
def test_found_again(changed: dict[str, str], compiled: int, tmp_path: Path) -> None:
    """The same in two folders, but for what is changed in the second."""
    files = {"firmware/main.c": '#include "board.h"', "board/board.h": "", "firmware/wire.h": "", "sine.h": ""}
    made = []

    def compile(command: list[str], project: Path, source: str) -> None:
        made.append(project)
        (project / command[-1]).write_text(source)

    for project, texts in ((tmp_path / "a", files), (tmp_path / "b", files | changed)):
        for name, text in texts.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text)
        command = ["gcc", f"-fdebug-prefix-map={project}=.", "-c", "firmware/main.c", "-o", "firmware/main.o"]
        Objects(tmp_path / "objects", compile).compile(command, project, "firmware/main.c")
        assert (project / "firmware/main.o").read_text() == "firmware/main.c"
    assert len(made) == compiled
