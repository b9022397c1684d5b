"""Runs generated C as a library of this process: the fastest way to many answers; boards are for proofs."""

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from aot.base.errors import AotError
from aot.base.files import write_files
from aot.compile.printing import print_model
from aot.compile.records import Compiled
from aot.graph.interface import Port
from aot.graph.ir import Array
from aot.oracle.samples import Sample
from aot.project.compile import tool
from aot.quantizer.quality import reals

_FLAGS = ("-std=c99", "-O2", "-ffp-contract=off", "-fPIC", "-shared")
_ALIGNMENT = 64


class Native:
    """A model compiled for `host`, loaded: `run` is one inference; a model with state remembers the one before."""

    def __init__(self, compiled: Compiled, folder: Path) -> None:
        """Compile the model's own files in `folder`. Raises AotError where that fails."""
        self._face, self._plan = compiled.interface, compiled.plan
        self._library = ctypes.CDLL(str(_built(compiled, folder)))
        memory = np.zeros(compiled.plan.size + _ALIGNMENT, np.uint8)
        self._arena = memory[-memory.ctypes.data % _ALIGNMENT :]
        if self._face.states:
            self._call(f"{self._face.name}_init")

    def run(self, sample: Sample) -> dict[str, Array]:
        """The outputs for one set of inputs, by name."""
        for port in self._face.inputs:
            self._at(port)[:] = np.ascontiguousarray(sample[port.name]).view(np.uint8).reshape(-1)
        self._call(f"{self._face.name}_run")
        return {port.name: self._at(port).copy().view(port.dtype).reshape(port.shape) for port in self._face.outputs}

    def _at(self, port: Port) -> Array:
        """The bytes of an input or output; the C's own accessors are inline."""
        offset = self._plan.offset_of(port.name)
        return self._arena[offset : offset + port.bytes]

    def _call(self, function: str) -> None:
        called = getattr(self._library, function)
        called.restype = None
        called(ctypes.c_void_p(self._arena.ctypes.data))


def _built(compiled: Compiled, folder: Path) -> Path:
    library = folder / "model.so"
    write_files(print_model(compiled), folder)
    sources = [name for name in compiled.sources if name.endswith(".c")]
    command = [tool(compiled.board, "gcc"), *_FLAGS, *sources, "-lm", "-o", library.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise AotError(f"{compiled.interface.name} does not compile here", *done.stderr.splitlines()[:3])
    return library


def native_answers(
    compiled: Compiled, folder: Path, samples: Sequence[Sample], progress: Callable[[int], None] = lambda done: None
) -> list[Array]:
    """The first output for each sample, as reals; `folder` is for the files."""
    model, output = Native(compiled, folder), compiled.graph[compiled.graph.outputs[0]]
    answers = []
    for sample in samples:
        answers.append(reals(model.run(sample)[output.name], output))
        progress(len(answers))
    return answers
