"""HDF5 by h5py: groups, arrays and texts that are in the file itself, and nothing else that the format allows."""

import math
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import h5py
import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Array

_LARGEST = 64 << 20  # of an array
_MOST = 1 << 16  # members of a group
# What h5py makes of a damaged file.
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, AttributeError, MemoryError)
Group: TypeAlias = Any  # h5py has no types


def opened(content: bytes, source: str) -> Group:
    """The root of the file in these bytes: nothing is read from anywhere else."""
    if not all(_sound_heap(content, found.start()) for found in re.finditer(b"GCOL\\x01", content)):
        raise AotError(f"{source} is damaged: a heap of texts in it does not add up", "copy it or save it again")
    try:
        return h5py.File(h5py.h5f.open_file_image(content))["/"]
    except DAMAGE as error:
        raise AotError(
            f"{source} is damaged: no HDF5 file can be read from it", "copy it or save it again", str(error)[:200]
        ) from None


def _sound_heap(content: bytes, start: int) -> bool:
    """Whether the objects of a heap fill it: HDF5's library goes round in circles in one whose sizes do not add up."""
    size = int.from_bytes(content[start + 8 : start + 16], "little")
    at, end = start + 16, start + size
    if size < 16 or end > len(content):
        return False
    while at + 16 <= end:
        index, length = (int.from_bytes(content[a:b], "little") for a, b in ((at, at + 2), (at + 8, at + 16)))
        step = length if index == 0 else 16 + (length + 7) // 8 * 8  # object 0 is what is free, its header included
        if step < 16 or at + step > end:
            return False
        at += step
    return True


def group(parent: Group, path: str) -> Group | None:
    """The group at a path of names; None where there is none."""
    found = _member(parent, path)
    return found if isinstance(found, h5py.Group) else None


def array(parent: Group, path: str) -> Array:
    """The elements of the array at a path. Raises AotError where there is none, or one that is not plain."""
    found = _member(parent, path)
    where = f"{parent.name}/{path}"[:200]
    if not isinstance(found, h5py.Dataset):
        raise AotError(f"the weights {where} are missing in the file", "save the model again")
    if found.is_virtual or found.external or found.id.get_create_plist().get_nfilters():
        raise AotError(f"the weights {where} are compressed, or kept elsewhere", "save the model again with Keras")
    if found.dtype.kind not in "fiub" or found.shape is None or not 0 <= found.size * found.dtype.itemsize <= _LARGEST:
        raise AotError(f"the weights {where} are {found.dtype} of shape {found.shape}, which aot does not support")
    return np.asarray(found[()])


def members(parent: Group) -> Iterator[str]:
    """The names in a group, in the order of the alphabet."""
    if len(parent) > _MOST:
        raise AotError(f"{parent.name} has {len(parent)} members: the file is damaged")
    yield from parent


def text(parent: Group, name: str) -> str | None:
    """An attribute that is a text."""
    value = _attribute(parent, name)
    return None if value is None else _decoded(value)


def texts(parent: Group, name: str) -> list[str]:
    """An attribute that is a list of texts; Keras splits long ones."""
    value = _attribute(parent, name)
    if value is not None:
        return [_decoded(v) for v in np.ravel(value)]
    parts: list[str] = []
    while (value := _attribute(parent, f"{name}{len(parts)}")) is not None and len(parts) < _MOST:
        parts += [_decoded(v) for v in np.ravel(value)]
    return parts


def _decoded(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _attribute(parent: Group, name: str) -> Any:
    if name not in parent.attrs:
        return None
    if math.prod(parent.attrs.get_id(name).shape or ()) > _MOST:
        raise AotError(f"the attribute {name} of {parent.name} is too large: the file is damaged")
    return parent.attrs[name]


def _member(parent: Group, path: str) -> Any:
    """What is at a path whose every step is a link inside the file."""
    found: Any = parent
    for name in path.split("/"):
        if not name:
            continue
        if not isinstance(found, h5py.Group) or not isinstance(found.get(name, getlink=True), h5py.HardLink):
            return None
        found = found[name]
    return found
