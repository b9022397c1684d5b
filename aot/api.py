"""What the commands do, as functions: `aot.build`, `aot.run`, `aot.verify`, `aot.profile`, `aot.quantize`.

They print nothing and raise AotError.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from aot.boards import Board, load_board
from aot.build import Firmware
from aot.choices import INT16, WEIGHTS, CompileKeywords, CompileOptions, RunKeywords, RunOptions
from aot.errors import AotError
from aot.evaluate import Evaluation, for_reference, interpreted, read_labels
from aot.evaluate import evaluate as compare_answers
from aot.fixedpoint import ROUNDINGS
from aot.flash import flash as load_into
from aot.frontends.tflite import load, parse, read
from aot.ir import Array, Graph
from aot.kernels import OPTIMIZATIONS
from aot.native import native_answers
from aot.output import complete_file, complete_folder, os_errors, refuse_occupied, refuse_unwritable
from aot.passes.check_operators import check_operators
from aot.pipeline import Compiled, compile_file, files_of_kind, for_mlperf, make, with_weights_in, write
from aot.profiler import Profile, profile_emulated, profile_real, profile_renode
from aot.projects import KINDS
from aot.quantize import (
    DEFAULT,
    DEFAULT_IMAGES,
    GivenSamples,
    ImageOptions,
    Options,
    Quantized,
    given_samples,
    open_samples,
)
from aot.quantize import quantize as quantize_graph
from aot.samples import Sample, random_samples, read_samples, samples_of, stacked
from aot.together import Together, make_together, options_of_each, project_of, together, within
from aot.verify import Verdict, numbers_of, run_in_turn, verify_layers
from aot.verify import run as run_samples

Inputs = Path | str | Mapping[str, Array] | None
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Built:
    """A C project in `folder`. `firmware` is None where no compiler ran, `elf` where none was kept.

    Of several models, `compiled` is the first, and `together` are all in their common arena.
    """

    compiled: Compiled
    firmware: Firmware | None
    folder: Path
    elf: Path | None
    together: Together | None = None


@dataclass(frozen=True)
class Ran:
    """What a board answered; `verdict` compares it with the interpreter.

    `firmware` is None where a real board held it already.
    """

    compiled: Compiled
    firmware: Firmware | None
    verdict: Verdict

    @property
    def outputs(self) -> dict[str, Array]:
        """One array for each output, by name; the first dimension counts samples."""
        return stacked(self.compiled.source, self.verdict.outputs)


@dataclass(frozen=True)
class Profiled:
    """What a model costs on a board, layer by layer."""

    compiled: Compiled
    firmware: Firmware
    profile: Profile


def build(
    model: Path | str | Sequence[Path | str],
    board: str | Board,
    folder: Path | str,
    *,
    concurrent: bool = False,
    project: str = "make",
    compile: bool = True,
    force: bool = False,
    trace: bool = False,
    mlperf: bool = False,
    weights_section: str | None = None,
    **choices: Unpack[CompileKeywords],
) -> Built:
    """Compile `model` into a C project in `folder`, which must be empty unless `force` allows to replace its files.

    Several models share one arena, the size of what the largest needs, and must not run at once; with `concurrent`,
    each has memory of its own. The `name` among `choices` then is one for each, with commas between.

    `board` is a name, or what `aot.boards` gives; `project` a key of `aot.projects.KINDS`. Without `compile`, no
    compiler is needed and nothing is measured. With `trace`, the firmware of the kind "make" can send every layer's
    output. With `mlperf`, the runner of MLPerf Tiny can drive the firmware. The constants go to the linker's section
    `weights_section`. `choices` are the fields of `aot.CompileOptions`. Raises AotError, and leaves the folder as it
    was, when anything goes wrong.
    """
    folder = Path(folder)
    _check_choice("project", project, tuple(KINDS))
    refuse_occupied(folder, force)
    models = [model] if isinstance(model, Path | str) else list(model)
    whole = _whole(models, _loaded(board), CompileOptions(**choices), concurrent, mlperf, weights_section)
    with complete_folder(folder) as made, _temporary_folder() as elsewhere:
        work = made if project == "make" else elsewhere
        firmware = _make(whole, work, trace=trace) if compile else None
        if project != "make" or firmware is None:
            write(_project(whole, project, firmware), made)
        elf = folder / firmware.elf.relative_to(made.resolve()) if firmware and work == made else None
    if isinstance(whole, Together):
        return Built(whole.models[0], firmware, folder, elf, whole)
    return Built(whole, firmware, folder, elf)


def _whole(
    models: Sequence[Path | str],
    board: Board,
    options: CompileOptions,
    concurrent: bool = False,
    mlperf: bool = False,
    weights_section: str | None = None,
) -> Compiled | Together:
    """What one firmware is to hold."""
    if mlperf and len(models) > 1:
        raise AotError("the runner of MLPerf Tiny drives firmware of one model", "build each by itself")
    each = options_of_each(options, len(models))
    compiled = [_compile(path, board, own) for path, own in zip(models, each, strict=True)]
    if mlperf:
        compiled = [for_mlperf(one) for one in compiled]
    if weights_section is not None:
        compiled = [with_weights_in(one, weights_section) for one in compiled]
    return compiled[0] if len(compiled) == 1 else within(together(compiled, concurrent=concurrent), options.max_ram)


def run(
    model: Path | str,
    board: str | Board,
    inputs: Inputs = None,
    *,
    quantize_inputs: bool = False,
    samples: int = 1,
    seed: int = 0,
    progress: Progress = lambda done: None,
    **choices: Unpack[RunKeywords],
) -> Ran:
    """Run `model` on a board: an emulated one, or the real one at a `port`.

    `inputs` is an .npz file or a mapping from input names to arrays; without it, `samples` random ones from `seed`.
    With `quantize_inputs`, reals become codes. `progress` hears how many samples are done. `choices` are the fields of
    `aot.RunOptions`. Raises AotError.
    """
    options = RunOptions(**choices)
    compiled = _compile(model, _placed(board, options), options)
    chosen = _samples(compiled, inputs, quantize_inputs, samples, seed)
    with _temporary_folder() as made:
        firmware = _firmware(compiled, made, options)
        return Ran(compiled, firmware, run_samples(compiled, firmware, chosen, options.port, progress))


def verify(
    model: Path | str,
    board: str | Board,
    inputs: Inputs = None,
    *,
    layers: bool = False,
    quantize_inputs: bool = False,
    samples: int = 4,
    seed: int = 0,
    progress: Progress = lambda done: None,
    **choices: Unpack[RunKeywords],
) -> Ran:
    """Compare every output byte of `model` on a board with the interpreter, and with `layers` every layer's.

    Where an output differs on an emulated board, all layers are compared to find the first that does. The arguments
    are those of `run`. Raises AotError for what cannot be compared, but not for a difference.
    """
    return verify_together(
        [model],
        board,
        [inputs],
        layers=layers,
        quantize_inputs=quantize_inputs,
        samples=samples,
        seed=seed,
        progress=progress,
        **choices,
    )[0]


def verify_together(
    models: Sequence[Path | str],
    board: str | Board,
    inputs: Sequence[Inputs] = (),
    *,
    concurrent: bool = False,
    layers: bool = False,
    quantize_inputs: bool = False,
    samples: int = 4,
    seed: int = 0,
    progress: Progress = lambda done: None,
    **choices: Unpack[RunKeywords],
) -> tuple[Ran, ...]:
    """`verify` for the models of one firmware, which run in turn; `inputs` are given for each of them, or for none.

    Layers are compared model by model. The other arguments are those of `build` and `verify`.
    """
    options = RunOptions(**choices)
    if inputs and len(inputs) != len(models):
        raise AotError(
            f"--inputs is needed {len(models)} times, not {len(inputs)}", "once for each model, in their order"
        )
    port, whole = options.port, _whole(models, _placed(board, options), options, concurrent)
    compiled = whole.models if isinstance(whole, Together) else (whole,)
    given = [
        _samples(one, source, quantize_inputs, samples, seed)
        for one, source in zip(compiled, inputs or [None] * len(compiled), strict=True)
    ]
    with _temporary_folder() as made:
        firmware = _firmware(whole, made, options, trace=layers and port is not None)
        if layers and port:
            verdicts = _layer_by_layer(compiled, firmware, given, port, progress)
        else:
            verdicts = run_in_turn(compiled, firmware, given, port, progress)
        if not port and (layers or not all(verdict.passed for verdict in verdicts)):
            traced = _layer_by_layer(compiled, _make(whole, made, trace=True), given, port, progress)
            # Layers are those of the optimized graph: if they are all right and an output is not, a pass is at fault.
            verdicts = [plain if found.passed else found for plain, found in zip(verdicts, traced, strict=True)]
    return tuple(Ran(one, firmware, verdict) for one, verdict in zip(compiled, verdicts, strict=True))


def _layer_by_layer(
    models: Sequence[Compiled],
    firmware: Firmware | None,
    given: Sequence[Sequence[Sample]],
    port: str | None,
    progress: Progress,
) -> list[Verdict]:
    """What is to be said of each model's layers; `firmware` must be a tracing one."""
    numbers = numbers_of(models)
    return [
        verify_layers(one, firmware, chosen, port, progress, number)
        for number, one, chosen in zip(numbers, models, given, strict=True)
    ]


def profile(
    model: Path | str,
    board: str | Board,
    inputs: Inputs = None,
    *,
    quantize_inputs: bool = False,
    seed: int = 0,
    **choices: Unpack[RunKeywords],
) -> Profiled:
    """Count what each layer of `model` executes on an emulated board, for the first sample of `inputs` or a random one.

    In Renode, which models no cycles either, only instructions are counted, of firmware that shows each layer's output.
    At a `port`, the real board's cycle counter is read around each layer: it must hold firmware built with `trace`,
    unless `flash` loads it. `choices` are the fields of `aot.RunOptions`. Raises AotError where nothing can count.
    """
    options = RunOptions(**choices)
    compiled = _compile(model, _placed(board, options), options)
    renode = options.port is None and compiled.board.runners[:1] == ("renode",)
    if options.port is None and not renode and not compiled.board.counts_instructions:
        raise AotError(f"the instructions of {compiled.board.name} cannot be counted",
                       "a board in QEMU or Renode: `aot boards` lists them", "a real board: --port URL")  # fmt: skip
    sample = _samples(compiled, inputs, quantize_inputs, 1, seed)[0]
    with _temporary_folder() as made:
        traced = renode or options.port is not None
        loaded = _firmware(compiled, made, options, trace=traced)
        firmware = loaded or _make(compiled, made, trace=traced)
        if options.port is not None:
            return Profiled(compiled, firmware, profile_real(compiled, firmware, sample, options.port))
        if renode:
            return Profiled(compiled, firmware, profile_renode(compiled, firmware, sample, made))
        return Profiled(compiled, firmware, profile_emulated(compiled, firmware, sample, made))


def quantize(
    model: Graph | Path | str,
    samples: Path | str | GivenSamples,
    options: Options = DEFAULT,
    *,
    images: ImageOptions = DEFAULT_IMAGES,
    progress: Progress = lambda done: None,
) -> Quantized:
    """Quantize a float32 model with the ranges that typical samples show.

    `samples` are arrays, or dicts of one array for each input, in any number: they are looked at one at a time; or one
    dict with all samples of each input in an array; or the path of an .npz, .npy or .csv file, or of a folder of .npy
    files or of images. `progress` hears how many samples are done. The result's `graph` is the quantized model,
    `tflite()` its file. Raises AotError.
    """
    graph = model if isinstance(model, Graph) else load(model)
    if not isinstance(samples, str | Path):
        return quantize_graph(graph, given_samples(samples, graph), options, progress)
    source = open_samples(Path(samples), graph, images)
    quantized = quantize_graph(graph, source, options, progress)
    return replace(quantized, warnings=(*source.warnings(quantized.calibration.samples), *quantized.warnings))


def quantize_file(
    model: Path | str,
    samples: Path | str,
    output: Path | str,
    options: Options = DEFAULT,
    *,
    images: ImageOptions = DEFAULT_IMAGES,
    force: bool = False,
    progress: Progress = lambda done: None,
) -> Quantized:
    """`quantize` from file to file; `output` may exist only with `force`. What is quantized already is copied."""
    output = Path(output)
    refuse_unwritable(output)
    if output.exists() and not force:
        raise AotError(f"{output} exists already", "name another file", "replace it: --force")
    if output.exists() and output.resolve() == Path(model).resolve():
        raise AotError(f"{output} is the model itself, which would be lost", "name another file")
    content = read(model)
    graph = parse(content, Path(model).stem, str(model))
    quantized = quantize(graph, samples, options, images=images, progress=progress)
    with complete_file(output) as made:
        made.write_bytes(quantized.tflite() if quantized.changed else content)
    return quantized


def evaluate(
    model: Path | str,
    inputs: Path | str,
    labels: Path | str | None = None,
    reference: Path | str | None = None,
    *,
    rounding: str = "double",
    interpreter: bool = False,
    progress: Progress = lambda done: None,
) -> Evaluation:
    """How good the answers of `model` are to the samples of an .npz file, run as C on this computer or interpreted.

    `labels` is an .npz file of one array: classes, one integer for each sample, or wanted outputs. `reference` is the
    float32 model to compare with; it gets the same inputs. Only the first output counts. Raises AotError.
    """
    compiled = _compile(model, load_board("host"), CompileOptions(rounding=rounding))
    graph, path = compiled.source, Path(inputs)
    wanted = None if labels is None else read_labels(Path(labels))
    other = None if reference is None else load(reference)
    samples = read_samples(path, graph, quantize=True)
    if interpreter:
        answers = interpreted(graph, samples, rounding, progress)
    else:
        with _temporary_folder() as folder, os_errors(folder):
            answers = native_answers(compiled, folder, samples, progress)
    if other is None:
        return compare_answers(answers, wanted, None)
    check_operators(other)
    return compare_answers(answers, wanted, interpreted(other, for_reference(path, graph, samples, other), rounding))


def _compile(model: Path | str, board: Board, options: CompileOptions) -> Compiled:
    _check_choice("rounding", options.rounding, ROUNDINGS)
    for choice in options.weights_choices:
        _check_choice("choice of weights", f"{INT16}:LAYER" if choice.startswith(f"{INT16}:") else choice, WEIGHTS)
    _check_choice("optimize", options.optimize, OPTIMIZATIONS)
    return compile_file(Path(model), board, options)


def _loaded(board: str | Board) -> Board:
    return load_board(board) if isinstance(board, str) else board


def _placed(board: str | Board, options: RunOptions) -> Board:
    """The board, to be run by the runner named alone, its UART as fast as is asked for; AotError where it cannot be."""
    loaded, runner = _loaded(board), options.runner
    if options.baud is not None:
        loaded = replace(loaded, uart=replace(loaded.uart, baud=options.baud))
    if runner is None:
        return loaded
    runners = [name for name in loaded.runners if name != "serial"]
    if runner not in runners:
        raise AotError(f"{loaded.name} does not run in {runner!r}", f"its runners: {', '.join(runners) or 'none'}",
                       "a real board: --port URL")  # fmt: skip
    return replace(loaded, runners=(runner,))


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise AotError(f"there is no {what} called {value!r}", f"the choices are {', '.join(choices)}")


def _samples(compiled: Compiled, inputs: Inputs, quantize: bool, count: int, seed: int) -> Sequence[Sample]:
    if inputs is None:
        return random_samples(compiled.source, count, seed)
    if isinstance(inputs, str | Path):
        return read_samples(Path(inputs), compiled.source, quantize=quantize)
    return samples_of(inputs, compiled.source, quantize=quantize)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for what only this run needs."""
    with os_errors(Path(tempfile.gettempdir())):
        folder = tempfile.TemporaryDirectory(prefix="aot-", ignore_cleanup_errors=True)
    with folder as name:
        yield Path(name)


def _firmware(whole: Compiled | Together, folder: Path, options: RunOptions, *, trace: bool = False) -> Firmware | None:
    """The firmware, compiled in `folder` and, if asked for, loaded; None where the board must hold it already."""
    if options.flash and options.port is None:
        raise AotError("there is no board to load the firmware into", "where it is: --port URL, or --port auto")
    if options.port is not None and not options.flash:
        return None
    firmware = _make(whole, folder, trace=trace)
    if options.flash:
        load_into(firmware.elf, whole.board)
    return firmware


def _make(whole: Compiled | Together, folder: Path, *, trace: bool = False) -> Firmware:
    with os_errors(folder):
        if isinstance(whole, Together):
            return make_together(whole, folder, trace=trace)
        return make(whole, folder, trace=trace)


def _project(whole: Compiled | Together, kind: str, firmware: Firmware | None) -> dict[str, str | bytes]:
    if isinstance(whole, Together):
        return {**project_of(whole, kind, firmware)}
    return files_of_kind(whole, kind, firmware.stack.bytes if firmware else None)
