"""What the commands do, as functions: `aot.build`, `aot.run`, `aot.verify`, `aot.profile`.

They print nothing and raise AotError.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aot.boards import load_board
from aot.build import Firmware
from aot.errors import AotError
from aot.fixedpoint import ROUNDINGS
from aot.ir import Array
from aot.output import complete_folder, os_errors, refuse_occupied
from aot.pipeline import Compiled, compile_file, files_of_kind, make, write
from aot.profiler import Profile, profile_emulated, profile_real
from aot.projects import KINDS
from aot.samples import Sample, random_samples, read_samples, samples_of, stacked
from aot.verify import Verdict, verify_layers
from aot.verify import run as run_samples

Inputs = Path | str | Mapping[str, Array] | None
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Built:
    """A C project in `folder`. `firmware` is None where no compiler ran, `elf` where none was kept."""

    compiled: Compiled
    firmware: Firmware | None
    folder: Path
    elf: Path | None


@dataclass(frozen=True)
class Ran:
    """What a board answered; `verdict` compares it with the interpreter."""

    compiled: Compiled
    firmware: Firmware
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
    model: Path | str,
    board: str,
    folder: Path | str,
    *,
    rounding: str = "double",
    name: str | None = None,
    project: str = "make",
    compile: bool = True,
    force: bool = False,
    trace: bool = False,
) -> Built:
    """Compile `model` into a C project in `folder`, which must be empty unless `force` allows to replace its files.

    `name` is the prefix of all C names; `project` is a key of `aot.projects.KINDS`. Without `compile`, no compiler is
    needed and nothing is measured. With `trace`, the firmware of the kind "make" can send every layer's output. Raises
    AotError, and leaves the folder as it was, when anything goes wrong.
    """
    folder = Path(folder)
    _check_choice("project", project, tuple(KINDS))
    refuse_occupied(folder, force)
    compiled = _compile(model, board, rounding, name)
    with complete_folder(folder) as made, _temporary_folder() as elsewhere:
        work = made if project == "make" else elsewhere
        firmware = _make(compiled, work, trace=trace) if compile else None
        if project != "make" or firmware is None:
            write(files_of_kind(compiled, project, firmware.stack.bytes if firmware else None), made)
        elf = folder / firmware.elf.relative_to(made.resolve()) if firmware and work == made else None
    return Built(compiled, firmware, folder, elf)


def run(
    model: Path | str,
    board: str,
    inputs: Inputs = None,
    *,
    rounding: str = "double",
    name: str | None = None,
    quantize_inputs: bool = False,
    samples: int = 1,
    seed: int = 0,
    port: str | None = None,
    progress: Progress = lambda done: None,
) -> Ran:
    """Run `model` on a board: an emulated one, or the real one at the serial port or pyserial URL `port`.

    `inputs` is an .npz file or a mapping from input names to arrays; without it, `samples` random ones from `seed`.
    With `quantize_inputs`, reals become codes. `progress` hears how many samples are done. Raises AotError.
    """
    compiled = _compile(model, board, rounding, name)
    chosen = _samples(compiled, inputs, quantize_inputs, samples, seed)
    with _temporary_folder() as made:
        firmware = _make(compiled, made)
        return Ran(compiled, firmware, run_samples(compiled, firmware, chosen, port, progress))


def verify(
    model: Path | str,
    board: str,
    inputs: Inputs = None,
    *,
    layers: bool = False,
    rounding: str = "double",
    name: str | None = None,
    quantize_inputs: bool = False,
    samples: int = 4,
    seed: int = 0,
    port: str | None = None,
    progress: Progress = lambda done: None,
) -> Ran:
    """Compare every output byte of `model` on a board with the interpreter, and with `layers` every layer's.

    Where an output differs on an emulated board, all layers are compared to find the first that does. The arguments
    are those of `run`. Raises AotError for what cannot be compared, but not for a difference.
    """
    compiled = _compile(model, board, rounding, name)
    chosen = _samples(compiled, inputs, quantize_inputs, samples, seed)
    with _temporary_folder() as made:
        if layers and port:
            firmware = _make(compiled, made, trace=True)
            return Ran(compiled, firmware, verify_layers(compiled, firmware, chosen, port, progress))
        firmware = _make(compiled, made)
        verdict = run_samples(compiled, firmware, chosen, port, progress, count=False)
        if port or (verdict.passed and not layers):
            return Ran(compiled, firmware, verdict)
        traced = verify_layers(compiled, _make(compiled, made, trace=True), chosen, port, progress)
        # Layers are those of the optimized graph: if they are all right and an output is not, a pass is at fault.
        return Ran(compiled, firmware, verdict if traced.passed else traced)


def profile(
    model: Path | str,
    board: str,
    inputs: Inputs = None,
    *,
    rounding: str = "double",
    name: str | None = None,
    quantize_inputs: bool = False,
    seed: int = 0,
    port: str | None = None,
) -> Profiled:
    """Count what each layer of `model` executes on an emulated board, for the first sample of `inputs` or a random one.

    At a `port`, the real board's cycle counter is read around each layer: it must hold firmware built with `trace`.
    Raises AotError where nothing can count.
    """
    compiled = _compile(model, board, rounding, name)
    if port is None and not compiled.board.counts_instructions:
        raise AotError(f"the instructions of {board} cannot be counted", "a board in QEMU: `aot boards` lists them",
                       "a real board: --port URL")  # fmt: skip
    sample = _samples(compiled, inputs, quantize_inputs, 1, seed)[0]
    with _temporary_folder() as made:
        firmware = _make(compiled, made, trace=port is not None)
        if port is not None:
            return Profiled(compiled, firmware, profile_real(compiled, firmware, sample, port))
        return Profiled(compiled, firmware, profile_emulated(compiled, firmware, sample, made))


def _compile(model: Path | str, board: str, rounding: str, name: str | None) -> Compiled:
    _check_choice("rounding", rounding, ROUNDINGS)
    return compile_file(Path(model), load_board(board), rounding, name)


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


def _make(compiled: Compiled, folder: Path, *, trace: bool = False) -> Firmware:
    with os_errors(folder):
        return make(compiled, folder, trace=trace)
