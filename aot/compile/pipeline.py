"""The whole compiler on one page: a graph and a board become the text of a C project, then a program."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.base.version import __version__
from aot.emit.model import constants_in, constants_read, model_files, weights_bytes
from aot.emit.weights_file import weights_file
from aot.frontends import tflite
from aot.graph.interface import Held, Interface, interface_of
from aot.graph.ir import Graph
from aot.kernels import Block, Call, Target
from aot.lower.int16 import int16_weights
from aot.lower.lowering import lower
from aot.lower.memories import placed_in, pools_of
from aot.lower.stripes import lower_within, macs
from aot.passes import run_passes
from aot.passes.check_operators import check_operators
from aot.plan import Plan
from aot.project.compile import Firmware, compile_project
from aot.project.firmware import FLASH_BESIDE_MODEL, ram_beside_arena
from aot.project.kinds import KINDS, project_files
from aot.project.mlperf import benchmark_of
from aot.quantizer import open_samples, quantize
from aot.targets import Board, optimized

DEFAULT = CompileOptions()
_SECTION = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")


@dataclass(frozen=True)
class Compiled:
    """A model for a board: what was decided, and the files that say it in C (path below the project -> text).

    `binaries` are files of any project beside them: the constants, where those are a file.
    """

    source: Graph
    graph: Graph
    calls: tuple[Call, ...]
    plan: Plan
    interface: Interface
    board: Board
    target: Target
    files: dict[str, str]
    warnings: tuple[str, ...] = ()
    recomputed: int = 0  # multiply-accumulates that stripes do a second time
    binaries: dict[str, bytes] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the model's own files among `files`."""
        name = self.interface.name
        return f"{name}.h", f"{name}.c", f"{name}_weights.c"

    @property
    def block(self) -> Block:
        """Graph, calls and plan, as the planner of memories takes them."""
        return Block(self.graph, self.calls, self.plan)

    @property
    def planes(self) -> frozenset[str]:
        """The tensors that lie by planes."""
        return frozenset[str]().union(*(call.planes for call in self.calls))

    @property
    def rounding(self) -> str:
        """How accumulators are rounded."""
        return self.target.rounding

    @property
    def weights_bytes(self) -> int:
        """The bytes of flash that the model's constants take."""
        return weights_bytes(self.graph, self.calls)


def compile_file(path: Path, board: Board, options: CompileOptions = DEFAULT) -> Compiled:
    """Compile a model file for `board`. Raises AotError for any fault in it."""
    content = tflite.read(path)
    graph = tflite.parse(content, options.name or path.stem, str(path))
    warnings: tuple[str, ...] = ()
    if options.calibration is not None:
        graph, warnings = _quantized(graph, Path(options.calibration))
    compiled = compile(graph, board, hashlib.sha256(content).hexdigest(), options)
    return replace(compiled, warnings=warnings)


def _quantized(graph: Graph, calibration: Path) -> tuple[Graph, tuple[str, ...]]:
    """What of `graph` is float32 as int8, and what the user should know of it."""
    samples = open_samples(calibration, graph)
    quantized = quantize(graph, samples)
    return quantized.graph, (*samples.warnings(quantized.calibration.samples), *quantized.warnings)


def compile(graph: Graph, board: Board, sha256: str, options: CompileOptions = DEFAULT) -> Compiled:
    """Compile `graph`, out of a file with the hash `sha256`, for `board`; it is named and quantized already.

    Raises AotError when an operator is not supported or memory does not suffice.
    """
    check_operators(graph)
    lean = run_passes(graph)
    board = optimized(board, options.optimize)
    target = Target(frozenset(board.core.features), options.rounding, optimize=options.optimize)
    target = replace(target, int16_weights=int16_weights(lean, target, options.weights_choices))
    block = lower(lean, target) if options.max_ram is None else lower_within(lean, target, options.max_ram)
    recomputed = macs(block.graph) - macs(lean)
    lean = block.graph
    calls = block.calls
    interface = interface_of(lean, tuple(name for call in calls for name in call.outputs), sha256, __version__)
    interface = _with_weights_in_ram(interface, block, options)
    placed = _placed(block, interface, board, options)
    interface = replace(interface, pools=tuple(plan.pool for plan in placed.arenas))
    check_memory(interface, board, placed.size_in("ram"), weights_bytes(lean, calls))
    model = model_files(lean, calls, placed, interface, target)
    interface = replace(interface, code=_code_hash(model))
    files = project_files(KINDS["make"], interface, board, model)
    compiled = Compiled(graph, lean, calls, placed, interface, board, target, files, recomputed=recomputed)
    return with_weights_apart(compiled) if "external" in options.weights_choices else compiled


def _placed(block: Block, interface: Interface, board: Board, options: CompileOptions) -> Plan:
    """The plan, in the memories that the board has or the user wants. Where that is `ram` alone, there is no choice."""
    chosen = tuple(options.pool or ())
    if chosen == ("ram",) or (len(board.rams) <= 1 and not chosen):
        return replace(block.plan, pool="ram")
    pools = pools_of(board, ram_beside_arena(interface, board), chosen)
    return placed_in(block, pools, board, apart=bool(chosen))


def _with_weights_in_ram(interface: Interface, block: Block, options: CompileOptions) -> Interface:
    """The interface with the constants that the user wants in RAM. AotError for a layer that there is not."""
    chosen = options.weights_in_ram or ()
    if chosen and "external" in options.weights_choices:
        raise AotError("--weights external and --weights-in-ram exclude each other")
    layers = {call.outputs[0]: call for call in block.calls if call.outputs}
    if unknown := [name for name in chosen if name not in layers and name != "all"]:
        near = difflib.get_close_matches(unknown[0], layers, n=3, cutoff=0.5) or list(layers)[:8]
        raise AotError(f"{interface.name} has no layer called {unknown[0]}", f"layers: {', '.join(near)}",
                       "--weights-in-ram all")  # fmt: skip
    calls = block.calls if "all" in chosen else [layers[name] for name in chosen]
    names = {constant.name: constant.data.nbytes for constant in constants_read(block.graph, calls)}
    return replace(interface, weights_in_ram=tuple(names), weights_in_ram_bytes=sum(names.values()))


def for_mlperf(compiled: Compiled) -> Compiled:
    """The same model, in a firmware that the runner of MLPerf Tiny can drive. AotError where it knows no such model."""
    interface = replace(compiled.interface, benchmark=benchmark_of(compiled.interface))
    model = {name: compiled.files[name] for name in compiled.sources}
    check_memory(interface, compiled.board, compiled.plan.size_in("ram"), compiled.weights_bytes)
    return replace(compiled, interface=interface, files=project_files(KINDS["make"], interface, compiled.board, model))


def with_weights_in(compiled: Compiled, section: str) -> Compiled:
    """The same model, its constants in the linker's section `section`. AotError where that cannot be a name.

    The hash of the code stays, for it computes the same.
    """
    if compiled.interface.weights_file_bytes:
        raise AotError("--weights external and --weights-section exclude each other",
                       "where the file lies is the linker's: -Wl,--defsym")  # fmt: skip
    if not _SECTION.fullmatch(section):
        raise AotError(
            f"{section!r} cannot be the name of a section", "letters, digits, dots and underscores: .qspi_flash"
        )
    c, interface = compiled, replace(compiled.interface, weights_section=section)
    model = model_files(c.graph, c.calls, c.plan, interface, c.target)
    return replace(c, interface=interface, files=project_files(KINDS["make"], interface, c.board, model))


def with_weights_apart(compiled: Compiled) -> Compiled:
    """The same model, its constants in the file `<name>_weights.bin`. AotError where it has none.

    The hash of the code stays, and tells which file belongs to which code.
    """
    c, name = compiled, compiled.interface.name
    constants = constants_in(c.graph, c.calls)
    if not constants:
        raise AotError(f"{name} has no constants to put into a file", "leave --weights external out")
    file = weights_file(constants, c.interface.code)
    interface = replace(c.interface, weights_section="", weights_file_bytes=len(file))
    model = model_files(c.graph, c.calls, c.plan, interface, c.target)
    files = project_files(KINDS["make"], interface, c.board, model)
    return replace(c, interface=interface, files=files, binaries={f"{name}_weights.bin": file})


def with_plan(compiled: Compiled, plan: Plan) -> Compiled:
    """The same model, with everything in its arena where `plan` says; plans of one problem differ in offsets alone."""
    c = compiled
    model = model_files(c.graph, c.calls, plan, c.interface, c.target)
    interface = replace(c.interface, code=_code_hash(model))
    return replace(c, plan=plan, interface=interface, files=project_files(KINDS["make"], interface, c.board, model))


def _code_hash(model: dict[str, str]) -> str:
    """16 hexadecimal digits of the SHA-256 of the model's C files, not of the header, which may tell the stack."""
    text = "".join(text for name, text in sorted(model.items()) if name.endswith(".c"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make(compiled: Compiled, folder: Path, *, trace: bool = False) -> Firmware:
    """Write the project into `folder` and compile it; the header then also tells the stack. AotError as in `build`."""
    write({**compiled.files, **compiled.binaries}, folder)
    firmware = compile_project(folder, compiled.board, compiled.interface, trace=trace)
    header = compiled.sources[0]
    write({header: model_text(compiled, firmware.stack.bytes)[header]}, folder)
    return firmware


def files_of_kind(compiled: Compiled, kind: str, stack_bytes: int | None = None) -> dict[str, str | bytes]:
    """The files of a project of `kind`; the header tells the stack, where it is known. AotError as `project_files`."""
    model = model_text(compiled, stack_bytes)
    return {
        **project_files(KINDS[kind], compiled.interface, compiled.board, model, stack_bytes),
        **compiled.binaries,
    }


def write(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write files below `folder`, which is made where it is missing."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def model_text(compiled: Compiled, stack_bytes: int | None = None) -> dict[str, str]:
    """The model's own files; with `stack_bytes`, the header tells the stack."""
    c, header = compiled, compiled.sources[0]
    model = {name: c.files[name] for name in c.sources}
    if stack_bytes is not None:
        model[header] = model_files(c.graph, c.calls, c.plan, c.interface, c.target, stack_bytes)[header]
    return model


def check_memory(held: Held, board: Board, arena: int, weights: int) -> None:
    """Refuse before compiling what cannot fit: not even with an empty program beside the weights."""
    _check_fits(held, board, "flash", weights + FLASH_BESIDE_MODEL, f"{weights:,} of weights")
    copied = sum(model.weights_in_ram_bytes for model in held.models)
    most = f"{arena:,} of arena" + (f", {copied:,} of weights" if copied else "")
    _check_fits(held, board, "ram", arena + ram_beside_arena(held, board), most)


def _check_fits(held: Held, board: Board, name: str, need: int, most: str) -> None:
    memory = board.memory(name)
    if memory is not None and need > memory.size:
        shown = "RAM" if name == "ram" else name
        raise AotError(
            f"{held.title} does not fit {board.name}: it needs {need:,} bytes of {shown} ({most}), "
            f"the board has {memory.size:,}",
            "a board with more memory: `aot boards` lists them",
            "a smaller model: fewer channels, a smaller input",
        )
