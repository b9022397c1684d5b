"""Runs generated code on an emulated board: samples out of a file, outputs into another; no protocol, no firmware.

A UART takes a byte at a time. By semihosting, the emulator itself reads and writes files for the program.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import native
from paths import SUPPORT

from aot.base.files import write_files
from aot.compile.printing import print_project
from aot.compile.records import Compiled
from aot.graph.fixedpoint import Array
from aot.project.compile import tool
from aot.project.firmware import link_flags

_STACK_BYTES = 3072
_SECONDS = 300
_INCLUDES = ("-I.", "-Iboard", f"-I{SUPPORT}")
_EMULATOR = "-nographic -monitor none -semihosting-config enable=on,target=native -kernel driver.elf".split()
_DRIVER = """\
#include "board.h"
#include "semihosting.h"
#include "{name}.h"
static __attribute__((aligned({macro}_ARENA_ALIGN))) unsigned char arena[{macro}_ARENA_SIZE];
int main(void)
{{
    board_init();
    const uintptr_t inputs = open_to_read("inputs", 6);
    const uintptr_t outputs = open_to_write("outputs", 7);
    {reset}
    for (;;) {{
{reads}
        {name}_run(arena);
{writes}
    }}
}}
"""


def run(
    model: Compiled, folder: Path, samples: Sequence[Mapping[str, Array]], compiler: Sequence[str] = ()
) -> list[dict[str, Array]]:
    """The outputs of each sample, of a program that is compiled in `folder`. Fails when it does not end well.

    With `compiler`, a command, this compiles the model's own files.
    """
    # Many models merged into one function: GCC's frame for it may be larger than that of any model.
    roomy = replace(model.board, stack_bytes=max(model.board.stack_bytes, _STACK_BYTES))
    model = replace(model, board=roomy)
    board = model.board
    _compile(model, folder, compiler)
    (folder / "inputs").write_bytes(native.packed(model.source, samples))
    command = [*board.emulator_command, *_EMULATOR]
    done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    assert done.returncode == 0 and not done.stdout + done.stderr, (done.stdout + done.stderr)[:4000]
    return native.unpacked(model.source, len(samples), (folder / "outputs").read_bytes())


def _compile(model: Compiled, folder: Path, compiler: Sequence[str]) -> None:
    """The model's own files and the board's, with a driver; without what debuggers read, which takes time."""
    board, face = model.board, model.interface
    files = print_project(model)
    write_files(files, folder)
    (folder / "driver.c").write_text(_driver(model))
    own = model.sources[1:]
    if compiler:
        subprocess.run([*compiler, "-c", *own], cwd=folder, check=True)
        own = (*(name.replace(".c", ".o") for name in own), "-Wl,-z,noexecstack")  # which newlib's objects leave open
    sources = ["driver.c", *(name for name in files if name.startswith("board/"))]
    sources = [name for name in sources if name.endswith(".c")]
    command = [tool(board, "gcc"), *board.core.flags, "-g0", *_INCLUDES, *sources, *own, *link_flags(board)]
    done = subprocess.run([*command, "-lm", "-o", "driver.elf"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{face.name}: {done.stderr[:4000]}"


def _driver(model: Compiled) -> str:
    face = model.interface
    assert len(model.held.pools) == 1
    reads = [f"        get_or_end(inputs, {p.accessor}(arena), {p.bytes});" for p in face.inputs]
    writes = [f"        put(outputs, {p.accessor}(arena), {p.bytes});" for p in face.outputs]
    reset = f"{face.name}_init(arena);" if face.states else ""
    return _DRIVER.format(name=face.name, macro=face.macro, reset=reset, reads="\n".join(reads),
                          writes="\n".join(writes))  # fmt: skip
