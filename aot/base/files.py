"""Puts files where the user asked for them, all at once: a folder is complete, or as it was before."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aot.base.errors import AotError
from aot.base.temporary import temporary_folder


@contextmanager
def os_errors(place: Path) -> Iterator[None]:
    """An error of the operating system while writing to `place` becomes an AotError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AotError(
            f"cannot write {place}: {reason}", "name a place that you may write to, with room left"
        ) from error


def refuse_occupied(folder: Path, force: bool) -> None:
    """Raise AotError where writing to `folder` would mix with files there, unless `force` allows it."""
    with os_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise AotError(f"{folder} is a file, not a folder", "name another one")
        if not force and folder.is_dir() and any(folder.iterdir()):
            raise AotError(f"{folder} is not empty", "name another folder", "replace the files in it: --force")


@contextmanager
def complete_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to, whose files move to `folder` once all went well; files there of the same name go.

    Files only move within one file system, so there is no moment at which `folder` holds half of a file.
    """
    with os_errors(folder):
        target = folder.resolve()
        base = next(place for place in (target, *target.parents) if place.exists())
        with temporary_folder(base) as temporary:
            made = temporary / "project"
            made.mkdir()
            yield made
            if base == target:
                _merge(made, target)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.rename(target)


def _merge(source: Path, target: Path) -> None:
    """Move every file below `source` to its place below `target`; find out first whether each can go there."""
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    for file in files:
        _check_place(target, file)
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).replace(target / file)


def _check_place(target: Path, file: Path) -> None:
    """Raise AotError where a folder is in the place of `file`, or a file, or a locked folder, in that of its folder."""
    if (target / file).is_dir():
        raise AotError(f"{target / file} is a folder, where a file must go", "move it away")
    parent = next(place for place in (target / file).parents if place.exists())
    if not parent.is_dir():
        raise AotError(f"{parent} is a file, where a folder must go", "move it away")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise AotError(f"cannot write {parent}: Permission denied", "name a folder that you may write to")


def refuse_unwritable(path: Path) -> None:
    """Raise AotError where the file `path` clearly cannot be written: to be asked before long work."""
    with os_errors(path):
        if path.is_dir():
            raise AotError(f"{path} is a folder, not a file", "name a file")
        if not path.parent.is_dir():
            raise AotError(f"cannot write {path}: there is no folder {path.parent}", "make the folder first")


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` once all went well."""
    refuse_unwritable(path)
    with os_errors(path):
        if path.exists() and not path.is_file():  # such as /dev/stdout
            yield path
            return
        target = path.resolve()
        with temporary_folder(target.parent) as temporary:
            made = temporary / target.name
            yield made
            made.replace(target)


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write files below `folder`, which is made where it is missing."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
