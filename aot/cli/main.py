"""The commands. The only file that turns an AotError into a message and exit code 1; they print through `console`."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from aot import api
from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.base.files import refuse_unwritable, write_files
from aot.base.version import __version__
from aot.cli import (
    kernel_report,
    memory_report,
    options,
    profile_report,
    quantize_options,
    quantize_report,
    report,
    report_together,
)
from aot.cli.console import errors, progress, show, show_json, show_table, warn
from aot.cli.inspect import inspect as inspect_graph
from aot.cli.new_board import new_board
from aot.compile.pipeline import compile_file
from aot.compile.records import Compiled, CompiledBundle
from aot.frontends import read
from aot.graph.deployment import listed
from aot.graph.ir import Graph
from aot.oracle.samples import write_outputs
from aot.passes import NORMALIZE, PASSES, normalize, run_passes
from aot.passes.check_operators import problems
from aot.quantizer.analysis import analyse
from aot.quantizer.page import write_page
from aot.runners.ports import all_ports
from aot.targets import all_boards, load_board

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_TERMINATED = 128 + signal.SIGTERM


@app.callback(invoke_without_command=True)
def _options(context: typer.Context, version: options.Version = False) -> None:
    """Neural networks as plain C for microcontrollers, compiled ahead of time and proved bit-exact."""
    if version:
        show(f"aot {__version__}")
    elif context.invoked_subcommand is None:
        errors().print(context.get_help(), markup=False)
        raise typer.Exit(2)


@app.command()
@options.grouped
def build(
    models: options.Models,
    target: options.BuiltForBoard,
    output: options.Output,
    project: options.Project = options.ProjectKind.make,
    no_compile: options.NoCompile = False,
    force: options.Force = False,
    trace: options.Trace = False,
    concurrent: options.Concurrent = False,
    as_json: options.AsJson = False,
) -> None:
    """Compile MODEL into a C project for a board; several models share their memory, and run one at a time."""
    with progress():
        built = api.build(
            models,
            target.loaded(),
            output,
            concurrent=concurrent,
            project=project,
            compile=not no_compile,
            force=force,
            trace=trace,
            **target.choices(),
        )
    warn(built.compiled.warnings)
    if built.together is not None:
        _show_together(built, built.together, as_json)
        return
    if as_json:
        show_json(report.build_json(built.compiled, built.firmware, built.elf))
        return
    show(f"{built.compiled.interface.name} for {built.compiled.board.name} is in {output}")
    show_table(report.memory_table(built.compiled, built.firmware))


def _show_together(built: api.Built, whole: CompiledBundle, as_json: bool) -> None:
    if as_json:
        show_json(report_together.build_json(whole, built.firmware, built.elf))
        return
    show(f"{listed(whole.held.models)} for {whole.board.name} are in {built.folder}")
    show_table(report_together.memory_table(whole, built.firmware))


@app.command()
@options.grouped
def run(
    models: options.Models,
    target: options.RunsOnBoard,
    inputs: options.InputsOfEach = None,
    outputs: options.OutputsOfEach = None,
    concurrent: options.Concurrent = False,
    quantize_inputs: options.QuantizeInputs = False,
    samples: options.Samples = 1,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Run MODEL on a board: an emulated one, or a real one with --port. Several models run in one firmware."""
    if outputs and len(outputs) != len(models):
        raise AotError(
            f"--outputs is needed {len(models)} times, not {len(outputs)}", "once for each model, in their order"
        )
    written = [path.resolve() for path in outputs or ()]
    for path in outputs or ():
        refuse_unwritable(path)
        if written.count(path.resolve()) > 1:
            raise AotError(f"--outputs names {path} twice", "a file for each model")
    with progress() as told:
        ran = api.run_together(
            models,
            target.loaded(),
            inputs or (),
            concurrent=concurrent,
            quantize_inputs=quantize_inputs,
            samples=samples,
            seed=seed,
            progress=told,
            **target.choices(),
        )
    for one in ran.each:
        warn(one.compiled.warnings)
    for path, one in zip(outputs or (), ran.each, strict=False):
        write_outputs(path, one.compiled.source, one.verdict.outputs)
    if as_json:
        show_json(report_together.run_json(ran))
    else:
        for line in report_together.answer_lines(ran):
            show(line)
        show_table(report_together.run_table(ran))
    raise typer.Exit(0 if ran.passed else 1)


@app.command()
@options.grouped
def verify(
    models: options.Models,
    target: options.RunsOnBoard,
    inputs: options.InputsOfEach = None,
    concurrent: options.Concurrent = False,
    layers: options.Layers = False,
    quantize_inputs: options.QuantizeInputs = False,
    samples: options.Samples = 4,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Compare every output byte of MODEL on a board with the interpreter; exit 1 if one differs.

    Several models run in turn, in one firmware.
    """
    with progress() as told:
        each = api.verify_together(
            models,
            target.loaded(),
            inputs or (),
            concurrent=concurrent,
            layers=layers,
            quantize_inputs=quantize_inputs,
            samples=samples,
            seed=seed,
            progress=told,
            **target.choices(),
        )
    for ran in each:
        warn(ran.compiled.warnings)
    if as_json:
        show_json(report_together.verify_json(each))
    else:
        show("\n".join(report_together.verdict_lines(each, layers)))
    raise typer.Exit(0 if all(ran.verdict.passed for ran in each) else 1)


@app.command()
@options.grouped
def profile(
    models: options.Models,
    target: options.RunsOnBoard,
    inputs: options.InputsOfEach = None,
    against: options.Against = None,
    concurrent: options.Concurrent = False,
    quantize_inputs: options.QuantizeInputs = False,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Show what each layer of MODEL costs on a board: instructions, cycles, memory, and why its kernel was chosen.

    Several models are profiled in one firmware, one after the other.
    """
    if against is not None and len(models) > 1:
        raise AotError("an earlier profile is of one model", "leave --against out")
    before = profile_report.read_profile(against) if against is not None else None
    with progress():
        each = api.profile_together(
            models,
            target.loaded(),
            inputs or (),
            concurrent=concurrent,
            quantize_inputs=quantize_inputs,
            seed=seed,
            **target.choices(),
        )
    for one in each:
        warn(one.compiled.warnings)
    if as_json:
        show_json(report_together.profile_json(each, before))
        return
    for i, one in enumerate(each):
        if len(each) > 1:
            show(("\n" if i else "") + f"{one.compiled.interface.name}:")
        found = profile_report.profile_json(one, before)
        show_table(profile_report.layers_table(found))
        show("")
        show_table(profile_report.kernels_table(found))


@app.command()
@options.grouped
def quantize(
    model: options.Model,
    calibration: quantize_options.Calibration,
    output: quantize_options.Quantized,
    images: quantize_options.Images,
    choices: quantize_options.Choices,
    with_report: quantize_options.Report = False,
    html: quantize_options.Html = None,
    force: options.ForceFile = False,
    as_json: options.AsJson = False,
) -> None:
    """Quantize a float32 MODEL to int8 with typical samples, and write it as a .tflite file."""
    chosen = choices.chosen()
    if html is not None:
        refuse_unwritable(html)
    with progress("calibrating") as told:
        done = api.quantize_file(model, calibration, output, chosen, images=images.chosen(), force=force, progress=told)
    with progress("measuring", "layers") as told:
        found = analyse(done, chosen, told) if done.changed and (with_report or html) else None
    if found and html is not None:
        write_page(html, found)
    warn(done.warnings)
    if found is None and (with_report or html):
        warn(["there is no report of what is not quantized"])
    if as_json:
        show_json(quantize_report.quantize_json(done, found))
        return
    show("\n".join(quantize_report.quantized_lines(done, output)))
    if found and with_report:
        show_table(quantize_report.layers_table(found))
        show("\n".join(quantize_report.ranking_lines(found)))


@app.command()
@options.grouped
def evaluate(
    model: options.Model,
    inputs: quantize_options.EvaluatedInputs,
    images: quantize_options.Images,
    labels: quantize_options.Labels = None,
    reference: quantize_options.FloatModel = None,
    rounding: options.Rounding = options.RoundingOption.double,
    interpreter: quantize_options.Interpret = False,
    as_json: options.AsJson = False,
) -> None:
    """Run MODEL as C on this computer and compare its answers with labels, and with the float32 model's answers."""
    with progress() as told:
        found = api.evaluate(
            model, inputs, labels, reference,
            images=images.chosen(), rounding=rounding, interpreter=interpreter, progress=told,
        )  # fmt: skip
    if as_json:
        show_json(asdict(found))
    else:
        show("\n".join(quantize_report.evaluation_lines(found)))


@app.command()
def inspect(
    model: options.InspectedModel = None,
    kernel: options.OneKernel = None,
    stop_after: options.StopAfter = None,
    memory: options.Memory = False,
    board: options.MemoryBoard = None,
    board_dir: options.BoardDir = None,
    rounding: options.Rounding = options.RoundingOption.double,
    max_ram: options.MaxRam = None,
    pool: options.Pools = None,
    picture: options.Picture = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the graph of MODEL, its size, and every operator that is not supported; with --memory, its arena.

    With --kernel, no model: what the kernel of this name is made of.
    """
    compiles = picture or max_ram or pool or rounding != options.RoundingOption.double
    if memory != (board is not None) or (compiles and not memory) or (memory and stop_after):
        raise typer.BadParameter(
            "--memory and --board go together; --picture, --max-ram, --pool and --rounding with both, "
            "--stop-after with neither"
        )
    if (model is None) != (kernel is not None) or (kernel and (memory or stop_after)):
        raise typer.BadParameter("a MODEL is needed, or --kernel without one")
    if model is None:
        _inspect_kernel(kernel or "", as_json)
    elif board is not None:
        chosen = CompileOptions(rounding=rounding.value, max_ram=max_ram, pool=pool)
        _inspect_memory(compile_file(model, load_board(board, board_dir), chosen), picture, as_json)
    else:
        _inspect_graph(model, stop_after, as_json)


def _inspect_kernel(name: str, as_json: bool) -> None:
    found = kernel_report.kernel_parts(name)
    if as_json:
        show_json(kernel_report.kernel_json(found))
        return
    show("\n".join(kernel_report.kernel_lines(found)))


def _inspect_graph(model: Path, stop_after: str | None, as_json: bool) -> None:
    graph = _inspected(model, stop_after)
    found = inspect_graph(graph)
    if as_json:
        show_json(report.inspect_json(graph, found))
        return
    show(f"{graph}\n")
    show_table(report.operators_table(found))
    show("\n" + "\n".join(report.inspection_lines(found)))


def _inspected(model: Path, stop_after: str | None) -> Graph:
    """The graph, after the pass of that name if one is named."""
    normalizing, lean = ([one.__name__ for one in passes] for passes in (NORMALIZE, PASSES))
    if stop_after is not None and stop_after not in (*normalizing, *lean):
        raise AotError(f"there is no pass called {stop_after}", f"the passes are {', '.join((*normalizing, *lean))}")
    graph = normalize(read(model), stop_after)
    if stop_after not in lean:
        return graph
    if problems(graph):
        raise AotError("passes run only where every operator is supported", f"aot inspect {model}")
    return run_passes(graph, stop_after)


def _inspect_memory(compiled: Compiled, picture: Path | None, as_json: bool) -> None:
    found = memory_report.memory_map(compiled)
    if picture is not None:
        refuse_unwritable(picture)
        write_files({picture.name: memory_report.memory_svg(found)}, picture.parent)
    if as_json:
        show_json(asdict(found) | {"peak": found.peak})
    else:
        show("\n".join(memory_report.memory_lines(found)))


@app.command()
def boards(
    board_dir: options.BoardDir = None,
    new: options.NewBoard = None,
    source: options.FromBoard = None,
    as_json: options.AsJson = False,
) -> None:
    """List the boards, or start a new one."""
    if (new is None) != (source is None):
        raise AotError("a new board needs a name and a board to start from", "aot boards --new NAME --from BOARD")
    if new is not None and source is not None:
        show(f"edit the files in {new_board(new, source, board_dir or Path('boards'))}")
        return
    known = all_boards(board_dir)
    if as_json:
        show_json(report.boards_json(known))
    else:
        show_table(report.boards_table(known))


@app.command()
def ports(board_dir: options.BoardDir = None, as_json: options.AsJson = False) -> None:
    """List this computer's serial ports, and the boards they may be."""
    found, known = all_ports(), all_boards(board_dir)
    if as_json:
        show_json(report.ports_json(found, known))
    elif found:
        show_table(report.ports_table(found, known))
    else:
        show("there are no serial ports")


def _terminate(number: int, frame: object) -> None:
    """SIGTERM unwinds like any other end: temporary folders go, emulators stop."""
    raise SystemExit(_TERMINATED)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs a command and turns an AotError into a message."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(arguments if arguments is None else list(arguments), prog_name="aot")
    except AotError as error:
        errors().print(f"error: {error}", markup=False)
        sys.exit(1)
