"""The firmware around a model: the files that a board needs to run it, and how to compile them."""

import re
from dataclasses import dataclass
from math import frexp, ldexp

from aot.base.templating import render
from aot.emit.weights_file import ALIGN
from aot.graph.deployment import Bundle, Deployment, Held, listed
from aot.graph.interface import Interface
from aot.project.mlperf import PIXEL_MODELS
from aot.targets import Board

_DEVICE_FILES = (
    *("aot_commands.c.j2", "main.c.j2", "mlperf.c.j2", "wire.c"),
    *("commands.h", "deployment.h.j2", "trace.h", "wire.h"),
)
_CONFIG = "board_config.h"
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_FRACTION_BITS = 24  # at most
_WHOLE_BITS = 53  # of int64, which are whole numbers: larger ones are not expected
_STATIC_BYTES = 128  # the firmware's own variables, with the alignment between them

FLASH_BESIDE_MODEL = 7168  # bytes, at most, on any board: protocol, start-up code and library

INCLUDE_FLAGS = ("-I.", "-Ifirmware", "-Iboard")
SMALL_FOLDERS = ("firmware", "board")
SMALL_FLAGS = ("-Os",)  # what is around the model need not be fast


@dataclass(frozen=True)
class _Result:
    """How to print an output's values in thousandths: `(q - zero_point) * multiplier / divisor`.

    A multiplier of 0 stands for scales whose thousandths do not fit int64.
    """

    index: int
    name: str
    meaning: str
    c_type: str
    count: int
    offset: int
    zero_point: int
    multiplier: int
    divisor: int


@dataclass(frozen=True)
class _Part:
    """What the firmware says of one of its models, in C: where its arena is, and its inputs, outputs and results."""

    index: int
    name: str
    end: str
    arena: str
    states: bool
    ports: str
    results: str


@dataclass(frozen=True)
class _Arena:
    """An array of the firmware: the arena in the memory `pool`, in the linker's `section` for it."""

    pool: str
    name: str
    size: str
    section: str


def _results(interface: Interface) -> list[_Result]:
    results, offset = [], 0
    for index, port in enumerate(interface.outputs):
        meaning = (
            "the value"
            if port.c_type == "float"
            else f"{port.scale:.9g} * (q {'+' if port.zero_point < 0 else '-'} {abs(port.zero_point)})"
        )
        ratio = _thousandths(port.scale, min(8 * port.bytes // max(1, port.elements), _WHOLE_BITS))
        results.append(_Result(index, port.name, meaning, port.c_type, port.elements, offset, port.zero_point, *ratio))
        offset += port.bytes
    return results


def _thousandths(scale: float, bits: int) -> tuple[int, int]:
    """1000 * scale as multiplier and divisor, products of the former with `bits` bits fitting int64."""
    fraction_bits = min(_FRACTION_BITS, 63 - bits - frexp(scale * 1000)[1])
    return (round(ldexp(scale * 1000, fraction_bits)), 1 << fraction_bits) if fraction_bits >= 0 else (0, 1)


def link_flags(board: Board) -> tuple[str, ...]:
    """The linker's flags, for the folder of the project as the current one; host programs link as usual."""
    if not board.memories:
        return ()
    return ("-nostartfiles", "-Tboard/board.ld", "-Wl,--gc-sections", "-Wl,--fatal-warnings")


def trace_flags(held: Held) -> tuple[str, ...]:
    """The flags of a firmware that sends every layer's output: each model's hook becomes a call of aot_trace."""
    hooks = [f"-D{model.macro}_TRACE=aot_trace" for model in held.models]
    return (*hooks, "-DAOT_TRACE", "-include", "firmware/trace.h")


def run_command(board: Board, name: str, folder: str, elf: str) -> str:
    """The shell command that starts the model `name` with its UART on the terminal; empty where only hardware can.

    `folder` is that of the project, with a slash at its end, or empty; `elf` the program in it.
    """
    if board.qemu_machine:
        return f"{' '.join(board.emulator_command)} -nographic -kernel {elf}"
    if board.renode:
        return f"renode {folder}renode/{name}.resc"
    return "" if board.memories else f"./{elf}"


def ram_beside_arena(held: Held, board: Board) -> int:
    """Bytes of RAM, at most, that the firmware takes beside the arena.

    Stack, variables, a copy of outputs, and the constants that are copied there.
    """
    constants = sum(model.weights.in_ram_bytes for model in held.models)
    return ram_beside(board, constants, max(copied_bytes(one.interface, one.benchmark) for one in held.models))


def ram_beside(board: Board, constants: int, copied: int) -> int:
    """The same, for so many bytes of constants that are copied to RAM, and of copied inputs and outputs."""
    return board.stack_bytes + _STATIC_BYTES + constants + copied


def copied_bytes(interface: Interface, benchmark: str) -> int:
    """What the firmware keeps of a model's outputs, and of inputs that the runner of MLPerf Tiny sends as reals."""
    loaded = 4 * sum(port.elements for port in interface.inputs) if benchmark == "ad01" else 0
    return loaded + sum(port.bytes for port in interface.outputs)


def _with_headers(board: Board, names: list[str]) -> dict[str, str]:
    """The texts of the board's files `names`, and of those that they include."""
    texts: dict[str, str] = {}
    while names:
        name, *names = names
        texts[name] = board.file(name).read_text(encoding="utf-8")
        included = _INCLUDE.findall(texts[name])
        names += [header for header in included if header not in (*texts, *names, _CONFIG)]
    return texts


def _board_files(board: Board, held: Held) -> dict[str, str]:
    """The files of `board/`, out of `board_support/` or the user's own folder of boards."""
    names = [f"uart_{board.uart.driver}.c", f"timer_{board.timer}.c", f"startup_{board.core.family}.c"]
    names += ["startup.c", "stack.c"] if board.memories else []
    names += ["setup.c"] if board.setup else []
    files = _with_headers(board, names)
    files[_CONFIG] = render("common/board_config.h.j2", board=board)
    if board.memories:
        files["board.ld"] = render("common/board.ld.j2", board=board, interface=held, weights=held.weights)
    return {f"board/{name}": text for name, text in files.items()}


def _arrays(held: Deployment, board: Board) -> list[_Arena]:
    """An array for each arena; in `ram`, and on a computer, it is a variable like any other."""
    several, macro = len(held.pools) > 1, held.macro
    return [
        _Arena(
            pool=pool,
            name=f"arena_{pool}" if several else "arena",
            size=f"{macro}_ARENA_{pool.upper()}_SIZE" if several else f"{macro}_ARENA_SIZE",
            section=f".arena.{pool}" if board.memories and pool != "ram" else "",
        )
        for pool in held.pools
    ]


def _device_files(held: Held, board: Board) -> dict[str, str]:
    """The files of `firmware/`, out of `templates/device/`."""
    bundle = isinstance(held, Bundle)
    files = {file.removesuffix(".j2"): render(f"device/{file}", bundle=bundle) for file in _DEVICE_FILES}
    files["deployment.c"] = _several_models(held) if isinstance(held, Bundle) else _one_model(held, board)
    if held.weights.file_bytes:
        files["weights_file.c"] = render("device/weights_file.c.j2", interface=held, align=ALIGN)
    return {f"firmware/{name}": text for name, text in files.items()}


def _one_model(held: Deployment, board: Board) -> str:
    part = _part(held.interface, "arena")
    return render("device/deployment.c.j2", held=held, interface=held.interface, weights=held.weights, ports=part.ports,
                  results=part.results, arrays=_arrays(held, board), pixel_models=PIXEL_MODELS,
                  weights_align=ALIGN)  # fmt: skip


def _several_models(bundle: Bundle) -> str:
    most = max(sum(port.bytes for port in model.interface.outputs) for model in bundle.models)
    pairs = zip(bundle.models, arenas(bundle), strict=True)
    parts = [_part(model.interface, arena, i) for i, (model, arena) in enumerate(pairs)]
    title = listed(bundle.models)
    return render("device/deployments.c.j2", bundle=bundle, title=title, parts=parts, results_bytes=most)


def arenas(held: Held) -> list[str]:
    """Where the arena of each model begins, in C."""
    apart = isinstance(held, Bundle) and held.concurrent
    return [f"arena + {model.macro}_ARENA_START" if apart else "arena" for model in held.models]


def _part(interface: Interface, arena: str, index: int | None = None) -> _Part:
    """The functions of a model, or of number `index` of several, which differ in a number behind their names."""
    linkage, end = ("", "") if index is None else ("static ", f"_{index}")
    ports = render("device/ports.c.j2", interface=interface, arena=arena, linkage=linkage, end=end).strip()
    results = render("device/results.c.j2", results=_results(interface), linkage=linkage, end=end).strip()
    return _Part(index or 0, interface.name, end, arena, bool(interface.states), ports, results)


def source_files(held: Held, board: Board) -> list[str]:
    """The C files to compile, below the project's folder, in the order of linking."""
    around = _board_files(board, held) | _device_files(held, board)
    return sorted([*held.sources, *(file for file in around if file.endswith(".c"))])


def _renode_files(held: Held, board: Board) -> dict[str, str]:
    """Where Renode has the board: its description, a script that runs build/<name>.elf, a test for renode-test."""
    if board.renode is None:
        return {}
    elf, description = f"$ORIGIN/../build/{held.name}.elf", f"$ORIGIN/{board.name}.repl"
    script = render("common/renode.resc.j2", board=board, description=description, elf=elf, tcp_port=0, further="")
    names = {"name": held.name, "first_model": held.models[0].name}
    return {
        f"renode/{board.name}.repl": render("common/renode.repl.j2", board=board),
        f"renode/{held.name}.resc": script,
        f"renode/{held.name}.robot": render("common/renode.robot.j2", board=board, **names),
    }


def firmware_files(held: Held, board: Board) -> dict[str, str]:
    """Path below the project's folder -> text, of every file in `firmware/`, `board/` and `renode/`."""
    return _board_files(board, held) | _device_files(held, board) | _renode_files(held, board)
