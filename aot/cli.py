"""The commands. The only file that prints, and that turns an AotError into a message and exit code 1."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from aot import report
from aot.boards import all_boards, load_board
from aot.build import Firmware
from aot.errors import AotError
from aot.frontends import tflite
from aot.inspect import inspect as inspect_graph
from aot.passes import PASSES, run_passes
from aot.pipeline import Compiled, compile_file, make, write
from aot.samples import Sample, random_samples, read_samples, write_outputs
from aot.verify import Verdict, run as run_samples, verify_layers
from aot.version import __version__

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

_RANDOM_SAMPLES = 4
_SHOWN_SAMPLES = 8
_SHOWN_ELEMENTS = 64


class ProjectKind(str, Enum):
    """What `aot build` writes."""

    make = "make"
    sources = "sources"


class RoundingOption(str, Enum):
    """How accumulators are rounded: see the numbers chapter of the documentation."""

    double = "double"
    single = "single"
    float = "float"


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A .tflite file.", show_default=False)]
BoardName = Annotated[str, typer.Option("--board", "-b", help="A board; `aot boards` lists them.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The folder to write the C project to.")]
Rounding = Annotated[RoundingOption, typer.Option("--rounding", help="How accumulators are rounded.")]
Name = Annotated[str | None, typer.Option("--name", help="The prefix of all C names; the file's name otherwise.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Inputs = Annotated[Path | None, typer.Option("--inputs", help="Samples, an .npz file; random ones otherwise.")]
Quantize = Annotated[bool, typer.Option("--quantize-inputs", help="Let real samples become codes.")]
Samples = Annotated[int, typer.Option("--samples", min=1, help="How many random samples, without --inputs.")]
Seed = Annotated[int, typer.Option("--seed", help="The seed of the random samples.")]
Port = Annotated[str | None, typer.Option("--port", help="A real board's serial port or pyserial URL.")]


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """Neural networks as plain C for microcontrollers, compiled ahead of time and proved bit-exact."""


def _compile(model: Path, board: str, rounding: RoundingOption, name: str | None) -> Compiled:
    return compile_file(model, load_board(board), rounding.value, name)


def _make(compiled: Compiled, folder: Path, trace: bool) -> Firmware:
    with _err.status(f"compiling for {compiled.board.name}"):
        return make(compiled, folder, trace=trace)


def _samples(compiled: Compiled, inputs: Path | None, quantize: bool, count: int, seed: int) -> Sequence[Sample]:
    if inputs is not None:
        return read_samples(inputs, compiled.source, quantize=quantize)
    return random_samples(compiled.source, count, seed)


def _print_json(value: Any) -> None:
    _out.print(json.dumps(value, indent=2), markup=False)


@contextmanager
def _progress(count: int) -> Iterator[Callable[[int], None]]:
    """A progress bar over `count` samples on stderr, where that is a terminal."""
    with Progress(console=_err, transient=True, disable=not _err.is_terminal) as bar:
        task = bar.add_task("samples", total=count)
        yield lambda done: bar.update(task, completed=done)


def _refuse_occupied(folder: Path, force: bool) -> None:
    """Never write over files that aot was not told to replace."""
    if folder.is_dir() and not force and any(folder.iterdir()):
        raise AotError(f"{folder} is not empty", "name another folder", "replace the files in it: --force")
    if folder.exists() and not folder.is_dir():
        raise AotError(f"{folder} is not a folder", "name another one")


@contextmanager
def _workshop(folder: Path | None) -> Iterator[Path]:
    """A temporary folder to work in. If all goes well its files move to `folder`, so nothing half-made ever lies there."""
    try:
        parent = folder and folder.absolute().parent
        if parent:
            parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".aot-", dir=parent) as temporary:
            yield Path(temporary)
            if folder:
                shutil.copytree(temporary, folder, dirs_exist_ok=True)
    except OSError as error:
        raise AotError(f"cannot write {error.filename or folder}: {error.strerror}", "name a folder you may write to") from error


@app.command()
def build(
    model: Model,
    board: BoardName,
    output: Output,
    rounding: Rounding = RoundingOption.double,
    name: Name = None,
    project: Annotated[ProjectKind, typer.Option("--project", help="What to write around the model.")] = ProjectKind.make,
    no_compile: Annotated[bool, typer.Option("--no-compile", help="Write the C; run no compiler.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files in the folder.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Firmware that sends every layer's output.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compile MODEL into a C project for a board."""
    _refuse_occupied(output, force)
    compiled = _compile(model, board, rounding, name)
    firmware = None
    with _workshop(output) as folder:
        if no_compile:
            write(compiled.files, folder)
        else:
            firmware = _make(compiled, folder, trace)
        elf = firmware and output / firmware.elf.relative_to(folder.resolve())
        if project is ProjectKind.sources:
            elf = None
            _keep_only(folder, compiled.sources)
    if as_json:
        _print_json(report.build_json(compiled, firmware, elf))
        return
    _out.print(f"{compiled.interface.name} for {compiled.board.name} is in {output}", markup=False)
    if firmware:
        _out.print(report.memory_table(compiled, firmware))


def _keep_only(folder: Path, names: Sequence[str]) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in names:
            path.unlink()


@app.command()
def run(
    model: Model,
    board: BoardName,
    inputs: Inputs = None,
    outputs: Annotated[Path | None, typer.Option("--outputs", help="Write the outputs here, an .npz file.")] = None,
    rounding: Rounding = RoundingOption.double,
    name: Name = None,
    quantize_inputs: Quantize = False,
    samples: Samples = 1,
    seed: Seed = 0,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Run MODEL on a board: an emulated one, or a real one with --port."""
    compiled = _compile(model, board, rounding, name)
    chosen = _samples(compiled, inputs, quantize_inputs, samples, seed)
    with _workshop(None) as folder:
        firmware = _make(compiled, folder, False)
        with _progress(len(chosen)) as progress:
            verdict = run_samples(compiled, firmware, chosen, port, progress)
    if outputs is not None:
        write_outputs(outputs, compiled.source, verdict.outputs)
    if as_json:
        _print_json(report.run_json(compiled, firmware, verdict))
        return
    _print_outputs(compiled, verdict)
    _out.print("bit-exact with the interpreter" if verdict.exact else "NOT exact: see `aot verify --layers`")
    _out.print(report.memory_table(compiled, firmware, verdict))


def _print_outputs(compiled: Compiled, verdict: Verdict) -> None:
    """The first samples' outputs, as many as a terminal can show."""
    for i, arrays in enumerate(verdict.outputs[:_SHOWN_SAMPLES]):
        for port, array in zip(compiled.interface.outputs, arrays, strict=True):
            text = np.array2string(array, threshold=_SHOWN_ELEMENTS, max_line_width=110)
            _out.print(f"sample {i}: {port.name} = {text}", markup=False)
    if len(verdict.outputs) > _SHOWN_SAMPLES:
        _out.print(f"... and {len(verdict.outputs) - _SHOWN_SAMPLES} more samples")


@app.command()
def verify(
    model: Model,
    board: BoardName,
    inputs: Inputs = None,
    layers: Annotated[bool, typer.Option("--layers", help="Compare the output of every layer.")] = False,
    rounding: Rounding = RoundingOption.double,
    name: Name = None,
    quantize_inputs: Quantize = False,
    samples: Samples = _RANDOM_SAMPLES,
    seed: Seed = 0,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Compare every output byte of MODEL on a board with the interpreter; exit 1 if one differs."""
    compiled = _compile(model, board, rounding, name)
    chosen = _samples(compiled, inputs, quantize_inputs, samples, seed)
    with _progress(len(chosen)) as progress:
        verdict = _verdict(compiled, chosen, port, layers, progress)
    if as_json:
        _print_json(report.verify_json(verdict))
    elif verdict.first_difference:
        _out.print(report.difference_text(verdict.first_difference), markup=False)
    else:
        what = f"all {len(compiled.calls)} layers" if layers else "all outputs"
        _out.print(f"bit-exact: {what} of {verdict.samples} samples on {compiled.board.name}")
    raise typer.Exit(0 if verdict.exact else 1)


def _verdict(
    compiled: Compiled, samples: Sequence[Sample], port: str | None, layers: bool, progress: Callable[[int], None]
) -> Verdict:
    """Compare outputs; where one differs on an emulator, or when asked to, every layer."""
    with _workshop(None) as folder:
        if not layers:
            verdict = run_samples(compiled, _make(compiled, folder, False), samples, port, progress)
            if verdict.exact or port:
                return verdict
        return verify_layers(compiled, _make(compiled, folder, True), samples, port, progress)


@app.command()
def inspect(
    model: Model,
    stop_after: Annotated[str | None, typer.Option("--stop-after", help="Show the graph after this pass.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the graph of MODEL, its size, and every operator that is not supported."""
    names = [one.__name__ for one in PASSES]
    if stop_after is not None and stop_after not in names:
        raise AotError(f"there is no pass called {stop_after}", f"the passes are {', '.join(names)}")
    graph = tflite.load(model)
    found = inspect_graph(graph)
    shown = run_passes(graph, stop_after) if stop_after and not found.unsupported else graph
    if as_json:
        _print_json(report.inspect_json(shown, inspect_graph(shown)))
        return
    _out.print(str(shown), markup=False)
    _out.print(report.macs_table(found))
    sizes = f"{found.parameters:,} parameters in {found.parameter_bytes:,} bytes"
    _out.print(f"{found.macs:,} multiply-accumulates, {sizes}")
    for problem in found.unsupported:
        _out.print(f"not supported: {problem}", markup=False)


@app.command()
def boards(as_json: AsJson = False) -> None:
    """List the boards."""
    known = all_boards()
    if as_json:
        _print_json(report.boards_json(known))
    else:
        _out.print(report.boards_table(known))


def main() -> None:
    """The console script: runs a command and turns an AotError into a message."""
    try:
        app()
    except AotError as error:
        _err.print(f"error: {error}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
