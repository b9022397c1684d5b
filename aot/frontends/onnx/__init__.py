"""ONNX: protobuf of nodes, read in one pass with shapes that are all known."""

from aot.base.errors import AotError
from aot.frontends.settings import Settings
from aot.graph.ir import Graph


def recognizes(content: bytes) -> bool:
    """Whether a file begins as those of ONNX do: with its version, a small number, then whatever follows."""
    version_first = content[:1] == b"\x08" and content[1:2] <= b"\x20"
    return version_first and content[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32", b"\x3a", b"\x42")


def parse(content: bytes, name: str, source: str, settings: Settings) -> Graph:
    """The graph in the bytes of an .onnx file, called `name`; `source` is what errors call it.

    `settings` tell of its ports, by their names; a free batch is 1. Raises AotError for any fault in it.
    """
    try:
        from aot.frontends.onnx import reader
    except ImportError as error:
        if (error.name or "").split(".")[0] != "onnx":
            raise
        raise AotError("reading an ONNX model needs the package onnx", 'pip install "aot-mcu[onnx]"') from None
    return reader.parse(content, name, source, settings)
