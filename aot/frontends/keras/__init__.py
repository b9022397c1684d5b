"""Keras: layers as JSON and weights as HDF5, in a .keras archive or in one .h5 file. Keras itself is not needed."""

from aot.frontends.extras import needed
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
    with needed("keras", "a Keras model", "h5py"):
        from aot.frontends.keras import reader
    return reader.parse(content, name, source, settings)
