"""Model files as the commands see them: read, and given the normal form."""

from pathlib import Path

from aot import frontends
from aot.graph.ir import Graph
from aot.passes import normalize


def parse(content: bytes, name: str = "model") -> Graph:
    return normalize(frontends.parse(content, name))


def load(path: Path | str) -> Graph:
    return normalize(frontends.read(path))
