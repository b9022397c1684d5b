"""ONNX: protobuf of nodes, read in one pass with shapes that are all known."""

from aot.frontends.extras import needed
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
    with needed("onnx", "an ONNX model", "onnx"):
        from aot.frontends.onnx import reader
    return reader.parse(content, name, source, settings)
