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

from aot.api import Built, Ran, build, run, verify
from aot.boards import Board
from aot.boards import all_boards as boards
from aot.errors import AotError
from aot.frontends.tflite import load
from aot.ir import Graph
from aot.version import __version__

# `aot.build`, `aot.verify` and `aot.boards` are these functions, not the modules of the same names: inside the package,
# and wherever a module is meant, it is `from aot.boards import ...`.
__all__ = ["AotError", "Board", "Built", "Graph", "Ran", "__version__", "boards", "build", "load", "run", "verify"]
