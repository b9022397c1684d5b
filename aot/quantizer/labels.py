"""Labels of samples, from a file of any usual kind."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Array
from aot.oracle.archives import listed, read_array, read_arrays, refuse_device

_HINT = "give labels as .npz, .npy, .csv, .txt or .json: one for each sample, in the samples' order"


def read_labels(path: Path) -> Array:
    """The labels in a file, or the wanted outputs. Raises AotError where it cannot be read."""
    read = _KINDS.get(path.suffix.lower())
    if read is None:
        raise AotError(f"cannot read labels from {path}: {path.suffix or 'a file without a suffix'} is not a kind "
                       "aot knows", _HINT)  # fmt: skip
    return read(path)


def _archive(path: Path) -> Array:
    """The one array in an .npz file."""
    arrays = read_arrays(path)
    if len(arrays) != 1:
        names = listed(arrays) or "none"
        raise AotError(f"{path} has {len(arrays)} arrays; labels are one", f"it has {names}")
    return next(iter(arrays.values()))


def _table(path: Path) -> Array:
    """Lines of numbers, between commas, semicolons, tabs or blanks; a first line of names is skipped."""
    rows: list[list[str]] = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        cells = line.replace(",", " ").replace(";", " ").split()
        if not all(map(_is_number, cells)):
            if number == 1:
                continue
            raise AotError(f"{path}, line {number}, holds something that is not a number", _HINT)
        if cells:
            rows.append(cells)
    if len({len(row) for row in rows}) > 1:
        raise AotError(f"{path} has lines of different lengths", _HINT)
    return _numbers(rows[0] if len(rows) == 1 else rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(rows: list[str] | list[list[str]]) -> Array:
    """Integers where all are written as such, else reals."""
    try:
        return np.array(rows, np.int64)
    except (ValueError, OverflowError):
        return np.array(rows, np.float64)


def _json(path: Path) -> Array:
    """A list of numbers, or of lists of as many."""
    fault = AotError(f"cannot read labels from {path}: it is not a list of numbers in JSON", _HINT)
    try:
        found = json.loads(_text(path))
        labels = np.array(found)
    except (ValueError, RecursionError, OverflowError):
        raise fault from None
    if not isinstance(found, list):
        raise fault
    return labels


def _text(path: Path) -> str:
    refuse_device(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AotError(f"cannot read labels from {path}: {error.strerror or error}", _HINT) from None
    except (UnicodeError, MemoryError):
        raise AotError(f"cannot read labels from {path}: it is not text", _HINT) from None


_KINDS: dict[str, Callable[[Path], Array]] = {
    ".npz": _archive,
    ".npy": read_array,
    ".csv": _table,
    ".txt": _table,
    ".json": _json,
}
