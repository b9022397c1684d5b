"""Compiles a generated project and measures the result: flash, RAM and worst-case stack."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aot.base.errors import AotError
from aot.graph.deployment import Deployment, Held
from aot.project.callgraph import Function, Stack, read_callgraph_files, read_disassembly, with_aliases, worst_stack
from aot.project.firmware import (
    INCLUDE_FLAGS,
    SMALL_FLAGS,
    SMALL_FOLDERS,
    link_flags,
    source_files,
    trace_flags,
)
from aot.targets import Board

_JOBS = 2
_PACKAGES = {
    "arm": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "riscv": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "xtensa": "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf",
    "host": "gcc",
}
_EXCEPTION_FRAME_BYTES = 112  # what a core with floating point stacks for the timer's interrupt, and its alignment
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")


@dataclass(frozen=True)
class Flash:
    """Bytes of flash: weights and other tables of the model; all else is code."""

    code: int
    weights: int

    @property
    def total(self) -> int:
        """Code and weights."""
        return self.code + self.weights


@dataclass(frozen=True)
class Part:
    """What of a program is one model's: its constants in flash, and the stack of one inference."""

    weights: int
    stack: Stack


@dataclass(frozen=True)
class Firmware:
    """A linked program. RAM is all of it: stack reserve, data, arena. `parts` are its models, in order."""

    elf: Path
    flash: Flash
    ram_bytes: int
    parts: tuple[Part, ...]

    @property
    def stack(self) -> Stack:
        """That of one inference, of the model that needs most."""
        unknown = tuple(dict.fromkeys(reason for part in self.parts for reason in part.stack.unknown))
        return Stack(max(part.stack.bytes for part in self.parts), unknown)


def tool(board: Board, name: str) -> str:
    """The program `<prefix><name>`; AotError with the package to install where it is missing."""
    tool = f"{board.core.prefix}{name}"
    if shutil.which(tool) is None:
        raise AotError(
            f"{tool}, which compiles for {board.name}, is not installed",
            f"Debian, Ubuntu: sudo apt-get install {_PACKAGES[board.core.family]}",
            *(["others: the Arm GNU Toolchain, with its bin folder in PATH"] if board.core.family == "arm" else []),
            "only write the C: --no-compile",
        )
    return tool


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise AotError(f"{command[0]} does not start: {error.strerror}", "install it again") from error


def tool_output(board: Board, name: str, arguments: list[str], folder: Path) -> str:
    """What the tool `name` prints. AotError where it fails: nothing may be measured from half of its output."""
    command = [tool(board, name), *arguments]
    done = _run(command, folder)
    if done.returncode != 0:
        raise AotError(f"{command[0]} fails: {_first_error(done.stderr)}", f"the command was: {' '.join(command)}")
    return done.stdout


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if "error" in line or "undefined reference" in line]
    return (lines or output.splitlines() or ["no message"])[0]


def _compile(command: list[str], folder: Path, source: str) -> None:
    (folder / command[-1]).parent.mkdir(parents=True, exist_ok=True)
    done = _run(command, folder)
    if done.returncode != 0:
        raise AotError(f"{source} does not compile: {_first_error(done.stderr)}",
                       f"the command was: {' '.join(command)}")  # fmt: skip


def _link(command: list[str], folder: Path, board: Board, held: Held) -> None:
    done = _run(command, folder)
    overflows = dict(_OVERFLOW.findall(done.stderr))
    if overflows:
        what = " and ".join(f"{region} by {int(size):,} bytes" for region, size in overflows.items())
        raise AotError(f"{held.title} does not fit {board.name}: it overflows {what}",
                       "a board with more memory (aot boards)", "a smaller model")  # fmt: skip
    if done.returncode != 0:
        raise AotError(f"{held.title} does not link: {_first_error(done.stderr)}",
                       f"the command was: {' '.join(command)}")  # fmt: skip


def _weights_bytes(linker_map: str, model: Deployment) -> int:
    """The size of every constant that the linker took from the model's weights; `linker_map` is the linker's map."""
    if model.weights.file_bytes:
        return model.weights.file_bytes
    used = linker_map.partition("Linker script and memory map")[2]
    names = rf"\.rodata\S*|\.data\.{re.escape(model.name)}_weights"
    names += f"|{re.escape(model.weights.section)}" if model.weights.section else ""
    section = re.compile(rf"(?:{names})\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+\S*/{re.escape(model.name)}_weights\.o")
    return sum(int(size, 16) for size in section.findall(used))


def _measure(folder: Path, board: Board, held: Held, elf: Path, objects: list[str]) -> Firmware:
    sizes = tool_output(board, "size", [str(elf)], folder).splitlines()[-1].split()
    text, data, bss = (int(size) for size in sizes[:3])
    linker_map = elf.with_suffix(".map").read_text(encoding="utf-8", errors="replace")
    graph = read_callgraph_files((folder / item).with_suffix(".ci") for item in objects)
    library = _library(board, elf, folder) if board.memories else {}
    _check_stack(board, held, worst_stack("main", graph, library))
    parts = tuple(
        Part(_weights_bytes(linker_map, model), worst_stack(f"{model.name}_run", graph, library))
        for model in held.models
    )
    weights = sum(part.weights for part in parts)
    return Firmware(elf, Flash(text + data - weights, weights), data + bss, parts)


def _library(board: Board, elf: Path, folder: Path) -> dict[str, Function]:
    """Every function in `elf` by every name it has, out of its disassembly."""
    disassembly = tool_output(board, "objdump", ["-d", str(elf)], folder)
    return with_aliases(read_disassembly(disassembly), tool_output(board, "nm", [str(elf)], folder))


def _check_stack(board: Board, held: Held, whole: Stack) -> None:
    needed = whole.bytes + _EXCEPTION_FRAME_BYTES
    if board.memories and needed > board.stack_bytes:
        raise AotError(f"{held.title} needs {needed:,} bytes of stack, but {board.name} reserves {board.stack_bytes:,}",
                       f"a larger stack_bytes in board_support/{board.name}/board.toml", "another board")  # fmt: skip


def _own_flags(source: str) -> tuple[str, ...]:
    return SMALL_FLAGS if source.startswith(tuple(f"{folder}/" for folder in SMALL_FOLDERS)) else ()


def compile_project(folder: Path, board: Board, held: Held, *, trace: bool = False) -> Firmware:
    """Compile the project of one model or several in `folder`, as its Makefile does, and measure it.

    With `trace`, the firmware sends every layer's output, and lies in `build-trace` instead of `build`.
    AotError where a tool is missing, a file does not compile, or the program does not fit the board.
    """
    folder, build, name = folder.resolve(), "build-trace" if trace else "build", held.name
    gcc = tool(board, "gcc")
    flags = [*board.core.flags, *INCLUDE_FLAGS, f"-fdebug-prefix-map={folder}=."]
    flags += trace_flags(held) if trace else []
    sources = source_files(held, board)
    objects = [f"{build}/{source[:-2]}.o" for source in sources]
    with ThreadPoolExecutor(_JOBS) as pool:
        commands = [[gcc, *flags, *_own_flags(source), "-fcallgraph-info=su", "-c", source, "-o", item]
                    for source, item in zip(sources, objects, strict=True)]  # fmt: skip
        list(pool.map(lambda command, source: _compile(command, folder, source), commands, sources))
    elf = f"{build}/{name}.elf"
    map_flag = f"-Wl,-Map={build}/{name}.map"
    _link([gcc, *flags, *objects, *link_flags(board), map_flag, "-lm", "-o", elf], folder, board, held)
    return _measure(folder, board, held, folder / elf, objects)
