"""What the functions of the package share: from the arguments of a user to models, samples and firmware."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from aot.api.arguments import check_inputs, graph_of, path_of
from aot.base.choices import INT16, WEIGHTS, CompileOptions, PortKeywords, RunOptions
from aot.base.errors import AotError
from aot.base.files import os_errors
from aot.base.temporary import temporary_folder
from aot.compile.bundle import bundled, options_of_each, within
from aot.compile.pipeline import compile_file, compile_graph
from aot.compile.printing import make
from aot.compile.records import Compiled, Whole
from aot.device.flash import flash as load_into
from aot.frontends import read, settings_of
from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Array, Graph
from aot.kernels import OPTIMIZATIONS
from aot.oracle.archives import read_arrays
from aot.oracle.doubts import doubts_of
from aot.oracle.samples import Sample, random_samples, reals_in, samples_of
from aot.passes import normalize
from aot.project.compile import Firmware
from aot.quantizer import Quantized
from aot.targets import Board, load_board

Model = Path | str | Graph | Quantized
Inputs = Path | str | Mapping[str, Array] | None
Progress = Callable[[int], None]


def load(path: Path | str, name: str | None = None, **ports: Unpack[PortKeywords]) -> Graph:
    """The graph in a model file, called `name`, or after the file. Raises AotError for any fault in it.

    `ports` are `input_shapes`, `constants` and `io_layout`, as `aot.base.choices.PortKeywords` has them.
    """
    return normalize(read(path_of(path), name, settings_of(**ports)))


def compiled_for(model: Model, board: Board, options: CompileOptions) -> Compiled:
    """The model for the board. AotError for a choice that there is not, and for any fault in the file."""
    if options.rounding is not None:
        check_choice("rounding", options.rounding, ROUNDINGS)
    for choice in options.weights_choices:
        check_choice("choice of weights", f"{INT16}:LAYER" if choice.startswith(f"{INT16}:") else choice, WEIGHTS)
    check_choice("optimize", options.optimize, OPTIMIZATIONS)
    graph = graph_of(model)
    return compile_file(path_of(model), board, options) if graph is None else compile_graph(graph, board, options)


def board_of(board: str | Board) -> Board:
    """The board of this name."""
    return load_board(board) if isinstance(board, str) else board


def placed(board: str | Board, options: RunOptions) -> Board:
    """The board, to be run by the runner named alone, its UART as fast as is asked for; AotError where it cannot be."""
    loaded, runner = board_of(board), options.runner
    if options.baud is not None:
        loaded = replace(loaded, uart=replace(loaded.uart, baud=options.baud))
    if runner is None:
        return loaded
    runners = [name for name in loaded.runners if name != "serial"]
    if runner not in runners:
        raise AotError(f"{loaded.name} does not run in {runner!r}", f"its runners: {', '.join(runners) or 'none'}",
                       "a real board: --port URL")  # fmt: skip
    return replace(loaded, runners=(runner,))


def check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    """Raise AotError unless `value` is one of `choices`."""
    if value not in choices:
        raise AotError(f"there is no {what} called {value!r}", f"the choices are {', '.join(choices)}")


def whole_of(models: Sequence[Model], board: Board, options: CompileOptions, concurrent: bool = False) -> Whole:
    """What one firmware is to hold."""
    each = options_of_each(options, len(models))
    compiled = [compiled_for(path, board, own) for path, own in zip(models, each, strict=True)]
    return compiled[0] if len(compiled) == 1 else within(bundled(compiled, concurrent=concurrent), options.max_ram)


@dataclass(frozen=True)
class Given:
    """The samples for a model, and what is doubtful of them."""

    samples: Sequence[Sample]
    warnings: tuple[str, ...] = ()


def samples_for(compiled: Compiled, inputs: Inputs, quantize: bool, count: int, seed: int) -> Given:
    """The samples that a user gave, or `count` random ones from `seed`."""
    check_inputs(inputs)
    graph = compiled.source
    if inputs is None:
        return Given(random_samples(graph, count, seed))
    if isinstance(inputs, str | Path):
        return _given(read_arrays(Path(inputs), graph), compiled, quantize, str(inputs))
    return _given(inputs, compiled, quantize, "inputs")


def _given(arrays: Mapping[str, Array], compiled: Compiled, quantize: bool, source: str) -> Given:
    graph = compiled.source
    samples = samples_of(arrays, graph, quantize=quantize, rounding=compiled.rounding, source=source)
    return Given(samples, doubts_of(reals_in(arrays, graph), graph, source))


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for what only this run needs. AotError where there is no room for it."""
    with ExitStack() as stack:
        with os_errors(Path(tempfile.gettempdir())):
            folder = stack.enter_context(temporary_folder())
        yield folder


def firmware_for(whole: Whole, folder: Path, options: RunOptions, *, trace: bool = False) -> Firmware | None:
    """The firmware, compiled in `folder` and, if asked for, loaded; None where the board must hold it already."""
    if options.flash and options.port is None:
        raise AotError("there is no board to load the firmware into", "where it is: --port URL, or --port auto")
    if options.port is not None and not options.flash:
        return None
    firmware = compile_into(whole, folder, trace=trace)
    if options.flash:
        load_into(firmware.elf, whole.board)
    return firmware


def compile_into(whole: Whole, folder: Path, *, trace: bool = False) -> Firmware:
    """The firmware, compiled in `folder`."""
    with os_errors(folder):
        return make(whole, folder, trace=trace)
