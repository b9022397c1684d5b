"""Folders for what only this run needs. Those of a run that was killed are swept by the next one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

with suppress(ImportError):  # on Windows, where nothing is swept
    import fcntl

_NAME = "aot-temporary-"


@contextmanager
def temporary_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder in the system's place for such, or hidden in `place`. It is locked, and the lock ends with us."""
    prefix, base = (f".{_NAME}", place) if place else (_NAME, Path(tempfile.gettempdir()))
    _sweep(base, prefix)
    while True:
        with (
            tempfile.TemporaryDirectory(prefix=prefix, dir=base, ignore_cleanup_errors=True) as name,
            _locked(Path(name), wait=True) as lock,
        ):
            if lock is None or Path(name).exists():  # or another run has swept it just before
                yield Path(name)
                return


def _sweep(base: Path, prefix: str) -> None:
    """Remove the folders that no run holds any more."""
    with suppress(OSError):
        for folder in base.glob(f"{prefix}*"):
            with _locked(folder, wait=False) as lock:
                if lock is not None:
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, *, wait: bool) -> Iterator[int | None]:
    """The locked `folder`, one of this user's; None where it cannot be locked, or without `wait` is held."""
    try:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (OSError, AttributeError):  # the latter on Windows
        yield None
        return
    try:
        yield file if _lock(file, wait) else None
    finally:
        os.close(file)


def _lock(file: int, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return os.fstat(file).st_uid == os.getuid()
