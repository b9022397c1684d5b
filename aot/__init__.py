"""aot: an ahead-of-time compiler for neural networks on microcontrollers.

A model becomes a C project for a board, runs on that board, or on its emulation, and is compared with the model:

>>> import aot, numpy, tempfile
>>> model = "examples/sine/sine.tflite"
>>> print(aot.load(model))  # doctest: +ELLIPSIS
%x = input  int8[1, 1] scale=0.02... zero_point=-128
...
return %y
>>> with tempfile.TemporaryDirectory() as folder:
...     built = aot.build(model, board="host", folder=folder)
...     built.elf.name
'sine.elf'
>>> ran = aot.run(model, board="host", inputs={"x": numpy.array([[1.57]])}, quantize_inputs=True)
>>> ran.outputs["y"], ran.verdict.exact  # doctest: +ELLIPSIS
(array([[1...]], dtype=int8), True)
>>> aot.verify(model, board="host", samples=16).verdict.exact
True

A float32 model becomes an int8 one with a few dozen typical samples:

>>> # quantized = aot.quantize("float.tflite", samples, aot.QuantizeOptions(io="float"))
>>> # pathlib.Path("int8.tflite").write_bytes(quantized.tflite())

Whatever is wrong with a model, a board or a file is raised as `AotError`, with what to try next.
"""

from aot.api import (
    Built,
    Profiled,
    Ran,
    RanTogether,
    build,
    convert,
    evaluate,
    from_torch,
    load,
    profile,
    profile_together,
    quantize,
    run,
    run_together,
    verify,
    verify_together,
)
from aot.base.choices import CompileOptions, RunOptions
from aot.base.errors import AotError
from aot.base.version import __version__
from aot.graph.ir import Graph
from aot.quantizer import ImageOptions, Quantized
from aot.quantizer import Options as QuantizeOptions
from aot.targets import Board
from aot.targets import all_boards as boards

__all__ = [
    "AotError",
    "Board",
    "Built",
    "CompileOptions",
    "Graph",
    "ImageOptions",
    "Profiled",
    "QuantizeOptions",
    "Quantized",
    "Ran",
    "RanTogether",
    "RunOptions",
    "__version__",
    "boards",
    "build",
    "convert",
    "evaluate",
    "from_torch",
    "load",
    "profile",
    "profile_together",
    "quantize",
    "run",
    "run_together",
    "verify",
    "verify_together",
]
