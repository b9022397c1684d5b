"""Runs generated code as a native program: samples into its standard input, outputs back; no protocol, no firmware."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from aot.base.choices import CompileKeywords, CompileOptions
from aot.base.files import write_files
from aot.compile.pipeline import compile
from aot.compile.printing import print_model
from aot.compile.records import Compiled
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.targets import load_board

SANITIZE = ("-O0", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
_DRIVER = """\
#include <stdio.h>
#include <stdlib.h>
#include "{name}.h"
int main(void)
{{
{arenas}
    {reset}
    for (;;) {{
{reads}
        {name}_run(arena);
{writes}
    }}
}}
"""


def compiled(
    graph: Graph, rounding: str = "double", board: str = "host", **choices: Unpack[CompileKeywords]
) -> Compiled:
    """`graph` compiled for `board`."""
    return compile(graph, load_board(board), "0" * 64, CompileOptions(rounding=rounding, **choices))


def program(model: Compiled, folder: Path, *flags: str) -> Path:
    """Compile the model's own files with a driver."""
    write_files(print_model(model), folder)
    face = model.interface
    reads = [f"        if (fread({p.accessor}(arena), {p.bytes}, 1, stdin) != 1) return 0;" for p in face.inputs]
    writes = [f"        fwrite({p.accessor}(arena), {p.bytes}, 1, stdout);" for p in face.outputs]
    reset = f"{face.name}_init(arena);" if face.states else ""
    parts = {
        "arenas": "\n".join(_arenas(model)),
        "reset": reset,
        "reads": "\n".join(reads),
        "writes": "\n".join(writes),
    }
    text = _DRIVER.format(name=face.name, macro=face.macro, **parts)
    (folder / "driver.c").write_text(text)
    sources = ["driver.c", f"{face.name}.c", f"{face.name}_weights.c"]
    command = ["gcc", "-std=c99", "-ffp-contract=off", *(flags or ("-O2",)), *sources, "-lm", "-o", "driver"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "driver"


def _arenas(model: Compiled) -> Iterator[str]:
    """Memory of exactly the right size: a sanitizer sees what is beyond. Static, or it would count as leaked."""
    face = model.held
    if len(face.pools) == 1:
        yield f"    static unsigned char *arena;\n    arena = malloc({face.macro}_ARENA_SIZE);"
        return
    yield f"    static struct {face.name}_arena memory, *const arena = &memory;"
    yield from (f"    memory.{pool} = malloc({face.macro}_ARENA_{pool.upper()}_SIZE);" for pool in face.pools)


def run(binary: Path, graph: Graph, samples: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The outputs of each sample. Fails when the program says anything or ends badly."""
    done = subprocess.run([binary], input=packed(graph, samples), capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode(errors="replace")[:4000]
    return unpacked(graph, len(samples), done.stdout)


def packed(graph: Graph, samples: Sequence[Mapping[str, Array]]) -> bytes:
    """The bytes of each sample's inputs, in order."""
    return b"".join(np.ascontiguousarray(sample[name]).tobytes() for sample in samples for name in graph.inputs)


def unpacked(graph: Graph, count: int, data: bytes) -> list[dict[str, Array]]:
    """The outputs of `count` samples out of their bytes."""
    results, at = [], 0
    for _ in range(count):
        outputs = {}
        for name in graph.outputs:
            t = graph[name]
            outputs[name] = np.frombuffer(data, t.dtype, t.elements, at).reshape(t.shape)
            at += t.bytes
        results.append(outputs)
    assert at == len(data)
    return results
