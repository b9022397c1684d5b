"""aot: an ahead-of-time compiler for neural networks on microcontrollers.

A model becomes a C project for a board, runs on that board, or on its emulation, and is compared with the model:

>>> import aot
>>> print(aot.load("examples/sine/sine.tflite"))  # doctest: +ELLIPSIS
%angle = input  int8[1, 1] scale=...
...
>>> built = aot.build("examples/sine/sine.tflite", board="mps2-an386", folder="build/sine")  # doctest: +SKIP
>>> ran = aot.run("examples/sine/sine.tflite", board="host", inputs={"angle": [[[0]]]})  # doctest: +SKIP
>>> ran.outputs["sine"], ran.verdict.exact  # doctest: +SKIP
>>> assert aot.verify("examples/sine/sine.tflite", board="host").verdict.exact  # doctest: +SKIP

Whatever is wrong with a model, a board or a file is raised as `AotError`, with what to try next.
"""

import importlib
from typing import TYPE_CHECKING, Any

from aot.version import __version__

if TYPE_CHECKING:
    from aot.api import Built, Ran, build, run, verify
    from aot.boards import Board
    from aot.boards import all_boards as boards
    from aot.errors import AotError
    from aot.frontends.tflite import load
    from aot.ir import Graph

__all__ = ["AotError", "Board", "Built", "Graph", "Ran", "__version__", "boards", "build", "load", "run", "verify"]

# Imported when they are first asked for: `import aot` costs nothing, and each module imports only what it needs.
_HOMES = {
    "AotError": ("aot.errors", "AotError"),
    "Board": ("aot.boards", "Board"),
    "Built": ("aot.api", "Built"),
    "Graph": ("aot.ir", "Graph"),
    "Ran": ("aot.api", "Ran"),
    "boards": ("aot.boards", "all_boards"),
    "build": ("aot.api", "build"),
    "load": ("aot.frontends.tflite", "load"),
    "run": ("aot.api", "run"),
    "verify": ("aot.api", "verify"),
}


def __getattr__(name: str) -> Any:
    """Find a public name where it is defined."""
    if name not in _HOMES:
        raise AttributeError(f"module 'aot' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)
