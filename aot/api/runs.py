"""`run`, `verify` and `profile`: models on a board."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from aot.api.common import (
    Inputs,
    Progress,
    compile_into,
    compiled_for,
    firmware_for,
    placed,
    samples_for,
    temporary_folder,
    whole_of,
)
from aot.boards import Board
from aot.build import Firmware
from aot.choices import RunKeywords, RunOptions
from aot.errors import AotError
from aot.ir import Array
from aot.pipeline import Compiled
from aot.profiler import Profile, profile_emulated, profile_real, profile_renode
from aot.samples import Sample, stacked
from aot.together import Together
from aot.verify import Verdict, numbers_of, run_in_turn, verify_layers
from aot.verify import run as run_samples


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
    compiled = compiled_for(model, placed(board, options), options)
    chosen = samples_for(compiled, inputs, quantize_inputs, samples, seed)
    with temporary_folder() as made:
        firmware = firmware_for(compiled, made, options)
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
    port, whole = options.port, whole_of(models, placed(board, options), options, concurrent)
    compiled = whole.models if isinstance(whole, Together) else (whole,)
    given = [
        samples_for(one, source, quantize_inputs, samples, seed)
        for one, source in zip(compiled, inputs or [None] * len(compiled), strict=True)
    ]
    with temporary_folder() as made:
        firmware = firmware_for(whole, made, options, trace=layers and port is not None)
        if layers and port:
            verdicts = _layer_by_layer(compiled, firmware, given, port, progress)
        else:
            verdicts = run_in_turn(compiled, firmware, given, port, progress)
        if not port and (layers or not all(verdict.passed for verdict in verdicts)):
            traced = _layer_by_layer(compiled, compile_into(whole, made, trace=True), given, port, progress)
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
    compiled = compiled_for(model, placed(board, options), options)
    renode = options.port is None and compiled.board.runners[:1] == ("renode",)
    if options.port is None and not renode and not compiled.board.counts_instructions:
        raise AotError(f"the instructions of {compiled.board.name} cannot be counted",
                       "a board in QEMU or Renode: `aot boards` lists them", "a real board: --port URL")  # fmt: skip
    sample = samples_for(compiled, inputs, quantize_inputs, 1, seed)[0]
    with temporary_folder() as made:
        traced = renode or options.port is not None
        loaded = firmware_for(compiled, made, options, trace=traced)
        firmware = loaded or compile_into(compiled, made, trace=traced)
        if options.port is not None:
            return Profiled(compiled, firmware, profile_real(compiled, firmware, sample, options.port))
        if renode:
            return Profiled(compiled, firmware, profile_renode(compiled, firmware, sample, made))
        return Profiled(compiled, firmware, profile_emulated(compiled, firmware, sample, made))
