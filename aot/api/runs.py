"""`run`, `verify` and `profile`: models on a board."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from aot.api.arguments import options_of
from aot.api.common import (
    Given,
    Inputs,
    Model,
    Progress,
    compile_into,
    firmware_for,
    placed,
    samples_for,
    whole_of,
    working_folder,
)
from aot.base.choices import RunKeywords, RunOptions
from aot.base.errors import AotError
from aot.compile.records import Compiled, CompiledBundle
from aot.device.verify import Verdict, numbers_of, run_in_turn, verify_layers
from aot.device.verify import run as run_samples
from aot.graph.ir import Array
from aot.oracle.samples import Sample, stacked
from aot.profiling.profiler import Profile, profile_emulated, profile_real, profile_renode
from aot.project.compile import Firmware
from aot.targets import Board


@dataclass(frozen=True)
class Ran:
    """What a board answered; `verdict` compares it with the interpreter.

    `firmware` is None where a real board held it already; `warnings` are of the samples.
    """

    compiled: Compiled
    firmware: Firmware | None
    verdict: Verdict
    warnings: tuple[str, ...] = ()

    @property
    def outputs(self) -> dict[str, Array]:
        """One array for each output, by name; the first dimension counts samples."""
        return stacked(self.compiled.source, self.verdict.outputs)


@dataclass(frozen=True)
class RanTogether:
    """What the models of one firmware answered, in their order; `whole` is how they share memory, if several."""

    whole: CompiledBundle | None
    each: tuple[Ran, ...]

    @property
    def passed(self) -> bool:
        """Nothing is further off than the operators allow."""
        return all(ran.verdict.passed for ran in self.each)


@dataclass(frozen=True)
class Profiled:
    """What a model costs on a board, layer by layer."""

    compiled: Compiled
    firmware: Firmware
    profile: Profile
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Profiled {self.compiled.interface.name} on {self.compiled.board.name}>"


def run(
    model: Model,
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
    each = run_together(
        [model],
        board,
        [inputs],
        quantize_inputs=quantize_inputs,
        samples=samples,
        seed=seed,
        progress=progress,
        **choices,
    ).each
    return each[0]


def run_together(
    models: Sequence[Model],
    board: str | Board,
    inputs: Sequence[Inputs] = (),
    *,
    concurrent: bool = False,
    quantize_inputs: bool = False,
    samples: int = 1,
    seed: int = 0,
    progress: Progress = lambda done: None,
    **choices: Unpack[RunKeywords],
) -> RanTogether:
    """`run` for the models of one firmware, one after the other; `inputs` are given for each of them, or for none.

    The other arguments are those of `build` and `run`.
    """
    options = options_of(RunOptions, choices)
    _check_inputs(models, inputs)
    whole = whole_of(models, placed(board, options), options, concurrent)
    compiled = whole.models
    given = _given(compiled, inputs, quantize_inputs, samples, seed)
    with working_folder() as made:
        firmware = firmware_for(whole, made, options)
        verdicts = [
            run_samples(one, firmware, chosen.samples, options.port, progress, number=number)
            for number, one, chosen in zip(numbers_of(compiled), compiled, given, strict=True)
        ]
    each = _ran(compiled, firmware, verdicts, given)
    return RanTogether(whole if isinstance(whole, CompiledBundle) else None, each)


def _ran(
    models: Sequence[Compiled], firmware: Firmware | None, verdicts: Sequence[Verdict], given: Sequence[Given]
) -> tuple[Ran, ...]:
    return tuple(
        Ran(one, firmware, verdict, chosen.warnings)
        for one, verdict, chosen in zip(models, verdicts, given, strict=True)
    )


def _check_inputs(models: Sequence[Model], inputs: Sequence[Inputs]) -> None:
    if inputs and len(inputs) != len(models):
        raise AotError(
            f"--inputs is needed {len(models)} times, not {len(inputs)}", "once for each model, in their order"
        )


def _given(
    models: Sequence[Compiled], inputs: Sequence[Inputs], quantize_inputs: bool, samples: int, seed: int
) -> list[Given]:
    """The samples of each model."""
    return [
        samples_for(one, source, quantize_inputs, samples, seed)
        for one, source in zip(models, inputs or [None] * len(models), strict=True)
    ]


def verify(
    model: Model,
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
    models: Sequence[Model],
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
    options = options_of(RunOptions, choices)
    _check_inputs(models, inputs)
    port, whole = options.port, whole_of(models, placed(board, options), options, concurrent)
    compiled = whole.models
    given = _given(compiled, inputs, quantize_inputs, samples, seed)
    with working_folder() as made:
        firmware = firmware_for(whole, made, options, trace=layers and port is not None)
        if layers and port:
            verdicts = _layer_by_layer(compiled, firmware, given, port, progress)
        else:
            verdicts = run_in_turn(compiled, firmware, [one.samples for one in given], port, progress)
        if not port and (layers or not all(verdict.passed for verdict in verdicts)):
            traced = _layer_by_layer(compiled, compile_into(whole, made, trace=True), given, port, progress)
            # Layers are those of the optimized graph: if they are all right and an output is not, a pass is at fault.
            verdicts = [plain if found.passed else found for plain, found in zip(verdicts, traced, strict=True)]
    return _ran(compiled, firmware, verdicts, given)


def _layer_by_layer(
    models: Sequence[Compiled],
    firmware: Firmware | None,
    given: Sequence[Given],
    port: str | None,
    progress: Progress,
) -> list[Verdict]:
    """What is to be said of each model's layers; `firmware` must be a tracing one."""
    numbers = numbers_of(models)
    return [
        verify_layers(one, firmware, chosen.samples, port, progress, number)
        for number, one, chosen in zip(numbers, models, given, strict=True)
    ]


def profile(
    model: Model,
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
    each = profile_together([model], board, [inputs], quantize_inputs=quantize_inputs, seed=seed, **choices)
    return each[0]


def profile_together(
    models: Sequence[Model],
    board: str | Board,
    inputs: Sequence[Inputs] = (),
    *,
    concurrent: bool = False,
    quantize_inputs: bool = False,
    seed: int = 0,
    **choices: Unpack[RunKeywords],
) -> tuple[Profiled, ...]:
    """`profile` for the models of one firmware, one after the other; `inputs` are given for each of them, or for none.

    The other arguments are those of `build` and `profile`.
    """
    options = options_of(RunOptions, choices)
    _check_inputs(models, inputs)
    whole = whole_of(models, placed(board, options), options, concurrent)
    traced = options.port is not None or whole.board.runners[:1] == ("renode",)
    if not traced and not whole.board.counts_instructions:
        raise AotError(f"the instructions of {whole.board.name} cannot be counted",
                       "a board in QEMU or Renode: `aot boards` lists them", "a real board: --port URL")  # fmt: skip
    compiled = whole.models
    given = _given(compiled, inputs, quantize_inputs, 1, seed)
    with working_folder() as made:
        loaded = firmware_for(whole, made, options, trace=traced)
        firmware = loaded or compile_into(whole, made, trace=traced)
        return tuple(
            Profiled(
                one, firmware, _profile(one, firmware, chosen.samples[0], made, options.port, number), chosen.warnings
            )
            for number, one, chosen in zip(numbers_of(compiled), compiled, given, strict=True)
        )


def _profile(
    compiled: Compiled, firmware: Firmware, sample: Sample, made: Path, port: str | None, number: int | None
) -> Profile:
    if port is not None:
        return profile_real(compiled, firmware, sample, port, number)
    if compiled.board.runners[:1] == ("renode",):
        return profile_renode(compiled, firmware, sample, made, number)
    return profile_emulated(compiled, firmware, sample, made, number)
