"""Arrays in .npz and .npy files that may be anything: what is wrong with one is a sentence."""

import lzma
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from aot.base.errors import AotError, cut
from aot.graph.ir import Array, Graph

_HINT = "write it with numpy.savez(path, x=array)"
_ALWAYS_FINE = 1 << 24  # bytes that are unpacked however small they were packed
_MANY_SAMPLES = 1000  # so many are, too, of a model whose samples are larger
_RATIO = 50  # how much larger than the file more may be: so many samples are never so much alike
_LARGEST_ELEMENT = 8  # bytes

# What numpy and zipfile raise for files that are not what their name says.
_DAMAGE = (ValueError, OverflowError, EOFError, KeyError, RuntimeError, SyntaxError, TypeError, UnicodeError,
           struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
           NotImplementedError)  # fmt: skip


def read_arrays(path: Path, graph: Graph | None = None) -> dict[str, Array]:
    """The arrays in an .npz file, by name; samples for `graph`, if it is known. Raises AotError for anything else."""
    with reading_arrays(path, "not an .npz file, or a damaged one", _HINT), np.load(path, allow_pickle=False) as file:
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise AotError(f"{path} is a single array, not an .npz file", _HINT)
        with zipfile.ZipFile(path) as archive:
            check_entries(path, archive, graph)
        return {name: file[name] for name in file.files}


def listed(names: Iterable[str]) -> str:
    """Names of arrays for a message, in one line whatever they are."""
    return ", ".join("".join(c if c.isprintable() else "?" for c in cut(name)) for name in names)


def read_array(path: Path) -> Array:
    """The array in a .npy file. Raises AotError for anything else."""
    with reading_arrays(path, "not an .npy file, or a damaged one", "write it with numpy.save(path, array)"):
        return np.asarray(mapped_array(path))


def mapped_array(path: Path) -> Array:
    """The array in a .npy file, left on the disk; for the inside of `reading_arrays`."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)  # or numpy would take any other file for Python objects
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


@contextmanager
def reading_arrays(path: Path, damaged: str, hint: str) -> Iterator[None]:
    """Whatever goes wrong while a file of arrays is read becomes an AotError; a file that is none is `damaged`."""
    refuse_device(path)
    try:
        yield
    except OSError as error:
        raise AotError(f"cannot read samples from {path}: {error.strerror or error}", hint) from None
    except MemoryError:
        raise AotError(f"cannot read samples from {path}: its arrays do not fit this computer's memory") from None
    except _DAMAGE as error:
        objects = "allow_pickle" in str(error) and zipfile.is_zipfile(path)  # numpy says so of any text, too
        objects = objects or "Python objects" in str(error) or "mmap for object" in str(error)
        reason = "it holds Python objects, not numbers" if objects else f"it is {damaged}"
        raise AotError(f"cannot read samples from {path}: {reason}", hint) from None


def refuse_device(path: Path) -> None:
    """Raise AotError where `path` is a device such as /dev/zero, which has no end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # whoever opens it says so
        return
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise AotError(f"{path} is a device, not a file", "give the path of a file")


def check_entries(path: Path, archive: zipfile.ZipFile, graph: Graph | None = None) -> None:
    """Raise AotError where an entry is not an array, or all are far more than the file and the inputs of `graph`."""
    for entry in archive.infolist():
        if not entry.filename.endswith(".npy"):
            what = "a folder" if entry.filename.endswith("/") else "no array"
            raise AotError(f"cannot read samples from {path}: its entry {cut(entry.filename)!r} is {what}", _HINT)
    packed, unpacked = path.stat().st_size, sum(entry.file_size for entry in archive.infolist())
    if unpacked > max(_ALWAYS_FINE, _RATIO * packed, _MANY_SAMPLES * (_sample_bytes(graph) if graph else 0)):
        what = f"its {packed:,} bytes are {unpacked:,} unpacked"
        raise AotError(f"cannot read samples from {path}: {what}", "fewer samples", _HINT)


def _sample_bytes(graph: Graph) -> int:
    """The most that an archive needs for a sample."""
    return sum(graph[name].elements for name in graph.inputs) * _LARGEST_ELEMENT
