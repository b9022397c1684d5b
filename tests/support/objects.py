"""Objects of what a firmware is made of besides its model: most tests compile the same, so each is compiled once."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

_INCLUDED = re.compile(r'^#include "(.+)"', re.MULTILINE)
_AROUND = ("firmware", "board")  # folders of a project

Compile = Callable[[list[str], Path, str], None]


class Objects:
    """Does what `compile` does, but takes out of `folder` what any process has compiled there before."""

    def __init__(self, folder: Path, compile: Compile) -> None:
        self._folder, self._compile = folder, compile
        folder.mkdir(exist_ok=True)

    def compile(self, command: list[str], project: Path, source: str) -> None:
        """Make the object, and what the compiler writes beside it, by `command`, whose last word is the object."""
        key = self._key(command, project, source)
        if key is None:
            self._compile(command, project, source)
            return
        kept, made = self._folder / key, project / command[-1]
        if not kept.exists():
            self._compile(command, project, source)
            self._keep(made, kept)
        shutil.copytree(kept, made.parent, dirs_exist_ok=True)

    def _keep(self, made: Path, kept: Path) -> None:
        """Under its name only when it is whole."""
        part = Path(mkdtemp(dir=self._folder))
        for file in made.parent.glob(f"{made.stem}.*"):
            shutil.copy(file, part)
        with suppress(OSError):  # another process was faster
            part.rename(kept)

    def _key(self, command: list[str], project: Path, source: str) -> str | None:
        """A hash of all that the object is made of; None where that is a header of the model, too."""
        text = (project / source).read_text()
        headers = {header.name: header.read_text() for header in _headers(project)}
        if not set(_INCLUDED.findall(text)) <= headers.keys():
            return None
        words = [word.replace(str(project), "") for word in command]
        made_of = (shutil.which(command[0]), words, text, sorted(headers.items()))
        return hashlib.sha256(repr(made_of).encode()).hexdigest()


def _headers(project: Path) -> Iterator[Path]:
    for folder in _AROUND:
        yield from (project / folder).glob("*.h")
