"""The firmware around a model: the files that a board needs to run it, and how to compile them."""

import re
from dataclasses import dataclass

from aot.boards import Board
from aot.data import TEMPLATES
from aot.interface import Interface
from aot.mlperf import PIXEL_MODELS
from aot.templating import render
from aot.weights_file import ALIGN

_DEVICE_SOURCES = ("aot_commands.c", "main.c", "mlperf.c", "wire.c")
_DEVICE_HEADERS = ("commands.h", "model.h", "trace.h", "wire.h")
_CONFIG = "board_config.h"
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_FRACTION_BITS = 24
_STATIC_BYTES = 128  # the firmware's own variables, with the alignment between them

FLASH_BESIDE_MODEL = 6656  # bytes, at most, on any board: protocol, start-up code and library

INCLUDE_FLAGS = ("-I.", "-Ifirmware", "-Iboard")
SMALL_FOLDERS = ("firmware", "board")
SMALL_FLAGS = ("-Os",)  # what is around the model need not be fast


@dataclass(frozen=True)
class _Result:
    """How to print an output's values in thousandths: `(q - zero_point) * multiplier / divisor`."""

    index: int
    name: str
    meaning: str
    c_type: str
    count: int
    offset: int
    zero_point: int
    multiplier: int
    divisor: int


def _results(interface: Interface) -> list[_Result]:
    results, offset = [], 0
    for index, port in enumerate(interface.outputs):
        meaning = (
            "the value"
            if port.c_type == "float"
            else f"{port.scale:.9g} * (q {'+' if port.zero_point < 0 else '-'} {abs(port.zero_point)})"
        )
        multiplier = round(port.scale * 1000 * 2**_FRACTION_BITS)
        results.append(_Result(index, port.name, meaning, port.c_type, port.elements, offset, port.zero_point,
                               multiplier, 2**_FRACTION_BITS))  # fmt: skip
        offset += port.bytes
    return results


def link_flags(board: Board) -> tuple[str, ...]:
    """The linker's flags, for the folder of the project as the current one; host programs link as usual."""
    if not board.memories:
        return ()
    return ("-nostartfiles", "-Tboard/board.ld", "-Wl,--gc-sections", "-Wl,--fatal-warnings")


def trace_flags(interface_macro: str) -> tuple[str, ...]:
    """The flags of a firmware that sends every layer's output: the model's hook becomes a call of aot_trace."""
    return (f"-D{interface_macro}_TRACE=aot_trace", "-DAOT_TRACE", "-include", "firmware/trace.h")


def run_command(board: Board, name: str, folder: str, elf: str) -> str:
    """The shell command that starts the model `name` with its UART on the terminal; empty where only hardware can.

    `folder` is that of the project, with a slash at its end, or empty; `elf` the program in it.
    """
    if board.qemu_machine:
        bios = " -bios none" if board.core.family == "riscv" else ""
        return f"{board.core.emulator}{bios} -M {board.qemu_machine} -nographic -kernel {elf}"
    if board.renode:
        return f"renode {folder}renode/{name}.resc"
    return "" if board.memories else f"./{elf}"


def ram_beside_arena(interface: Interface, board: Board) -> int:
    """Bytes of RAM, at most, that the firmware takes beside the arena: stack, variables, a copy of the outputs."""
    loaded = 4 * sum(port.elements for port in interface.inputs) if interface.benchmark == "ad01" else 0
    return board.stack_bytes + _STATIC_BYTES + loaded + sum(port.bytes for port in interface.outputs)


def _with_headers(board: Board, names: list[str]) -> dict[str, str]:
    """The texts of the board's files `names`, and of those that they include."""
    texts: dict[str, str] = {}
    while names:
        name, *names = names
        texts[name] = board.file(name).read_text(encoding="utf-8")
        included = _INCLUDE.findall(texts[name])
        names += [header for header in included if header not in (*texts, *names, _CONFIG)]
    return texts


def _board_files(board: Board, interface: Interface) -> dict[str, str]:
    """The files of `board/`, out of `board_support/` or the user's own folder of boards."""
    names = [f"uart_{board.uart.driver}.c", f"timer_{board.timer}.c", f"startup_{board.core.family}.c"]
    names += ["startup.c", "stack.c"] if board.memories else []
    names += ["setup.c"] if board.setup else []
    files = _with_headers(board, names)
    files[_CONFIG] = render("common/board_config.h.j2", board=board)
    if board.memories:
        files["board.ld"] = render("common/board.ld.j2", board=board, interface=interface)
    return {f"board/{name}": text for name, text in files.items()}


def _device_files(interface: Interface) -> dict[str, str]:
    """The files of `firmware/`, out of `templates/device/`."""
    names = _DEVICE_SOURCES + _DEVICE_HEADERS
    files = {name: (TEMPLATES / "device" / name).read_text(encoding="utf-8") for name in names}
    files["model.c"] = render("device/model.c.j2", interface=interface, results=_results(interface),
                             pixel_models=PIXEL_MODELS, weights_align=ALIGN)  # fmt: skip
    if interface.weights_file_bytes:
        files["weights_file.c"] = render("device/weights_file.c.j2", interface=interface, align=ALIGN)
    return {f"firmware/{name}": text for name, text in files.items()}


def source_files(interface: Interface, board: Board) -> list[str]:
    """The C files to compile for a model, below the project's folder, in the order of linking."""
    around = _board_files(board, interface) | _device_files(interface)
    own = [f"{interface.name}.c", f"{interface.name}_weights.c"]
    return sorted([*own, *(file for file in around if file.endswith(".c"))])


def _renode_files(interface: Interface, board: Board) -> dict[str, str]:
    """A script that runs build/<name>.elf in Renode, and a test for renode-test, where Renode has the board."""
    if board.renode is None:
        return {}
    elf = f"$ORIGIN/../build/{interface.name}.elf"
    return {
        f"renode/{interface.name}.resc": render("common/renode.resc.j2", board=board, elf=elf, tcp_port=0, further=""),
        f"renode/{interface.name}.robot": render("common/renode.robot.j2", board=board, interface=interface),
    }


def firmware_files(interface: Interface, board: Board) -> dict[str, str]:
    """Path below the project's folder -> text, of every file in `firmware/`, `board/` and `renode/`."""
    return _board_files(board, interface) | _device_files(interface) | _renode_files(interface, board)
