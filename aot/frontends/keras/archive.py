"""A .keras file: a zip archive of the layers as JSON and of their weights."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from aot.base.errors import AotError

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_LARGEST: Mapping[str, int] = {CONFIG: 16 << 20, WEIGHTS: 256 << 20}  # unpacked; an archive may promise any size
_AGAIN = "copy it, or save the model again: model.save('model.keras')"


def is_archive(content: bytes) -> bool:
    """Whether it is a zip archive that has what Keras puts into one."""
    return content.startswith(b"PK") and CONFIG in _names(content) and "metadata.json" in _names(content)


def _names(content: bytes) -> list[str]:
    try:
        with ZipFile(BytesIO(content)) as archive:
            return archive.namelist()
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return []


def unpacked(content: bytes, source: str) -> tuple[bytes, bytes]:
    """The layers and the weights. Raises AotError for a damaged archive, or one that unpacks to too much."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            return _member(archive, CONFIG, source), _member(archive, WEIGHTS, source)
    except KeyError:
        raise AotError(
            f"{source} has no {WEIGHTS}",
            "save the model in one piece: model.save('model.keras'), without max_shard_size",
        ) from None
    except (BadZipFile, ZlibError, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise AotError(f"{source} is a damaged archive: {error}"[:200], _AGAIN) from None


def _member(archive: ZipFile, name: str, source: str) -> bytes:
    with archive.open(name) as member:
        data = member.read(_LARGEST[name] + 1)
    if len(data) > _LARGEST[name]:
        raise AotError(f"{name} in {source} has more than {_LARGEST[name]:,} bytes: too large for a microcontroller")
    return data
