"""Keras: layers as JSON and weights as HDF5, in a .keras archive or in one .h5 file. Keras itself is not needed."""

from aot.base.errors import AotError
from aot.frontends.keras.archive import is_archive
from aot.frontends.settings import Settings
from aot.graph.ir import Graph

_HDF5 = b"\x89HDF\r\n\x1a\n"


def recognizes(content: bytes) -> bool:
    """Whether a file is an archive as Keras makes them, or HDF5."""
    return content.startswith(_HDF5) or is_archive(content)


def parse(content: bytes, name: str, source: str, settings: Settings) -> Graph:
    """The graph in the bytes of a .keras or .h5 file, called `name`; `source` is what errors call it.

    `settings` tell of its ports, by their names; a free batch is 1. Raises AotError for any fault in it.
    """
    try:
        from aot.frontends.keras import reader
    except ImportError as error:
        if (error.name or "").split(".")[0] != "h5py":
            raise
        raise AotError("reading a Keras model needs the package h5py", 'pip install "aot-mcu[keras]"') from None
    return reader.parse(content, name, source, settings)
