"""`aot build`, `run`, `verify` and `profile`: models on a board."""

from collections.abc import Sequence
from pathlib import Path

import typer

from aot import api
from aot.base.errors import AotError
from aot.base.files import refuse_unwritable
from aot.cli import bundle_report, options, profile_report, report
from aot.cli.console import advise, progress, show, show_json, show_table, warn
from aot.compile.records import Compiled, CompiledBundle
from aot.compile.savings import savings_of
from aot.graph.deployment import listed
from aot.oracle.samples import write_outputs


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
    warn(built.warnings)
    if built.bundle is not None:
        _show_bundle(built, built.bundle, as_json)
        return
    if as_json:
        show_json(report.build_json(built.compiled, built.firmware, built.elf))
        return
    _advise([built.compiled])
    show(f"{built.compiled.interface.name} for {built.compiled.board.name} is in {output}")
    show_table(report.memory_table(built.compiled, built.firmware))


def _advise(models: Sequence[Compiled]) -> None:
    """Say once of each model what quantizing it would save."""
    advise(str(found) for found in map(savings_of, models) if found is not None)


def _show_bundle(built: api.Built, whole: CompiledBundle, as_json: bool) -> None:
    if as_json:
        show_json(bundle_report.build_json(whole, built.firmware, built.elf))
        return
    _advise(whole.models)
    show(f"{listed(whole.held.models)} for {whole.board.name} are in {built.folder}")
    show_table(bundle_report.memory_table(whole, built.firmware))


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
    _check_outputs(outputs or (), len(models))
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
        warn((*one.compiled.warnings, *one.warnings))
    for path, one in zip(outputs or (), ran.each, strict=False):
        write_outputs(path, one.compiled.source, one.verdict.outputs)
    if as_json:
        show_json(bundle_report.run_json(ran))
    else:
        _advise([one.compiled for one in ran.each])
        for line in bundle_report.answer_lines(ran):
            show(line)
        show_table(bundle_report.run_table(ran))
    raise typer.Exit(0 if ran.passed else 1)


def _check_outputs(outputs: Sequence[Path], models: int) -> None:
    """Raise AotError unless there is a file for each model, or none."""
    if outputs and len(outputs) != models:
        raise AotError(f"--outputs is needed {models} times, not {len(outputs)}", "once for each model, in their order")
    written = [path.resolve() for path in outputs]
    for path in outputs:
        refuse_unwritable(path)
        if written.count(path.resolve()) > 1:
            raise AotError(f"--outputs names {path} twice", "a file for each model")


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
        warn((*ran.compiled.warnings, *ran.warnings))
    if as_json:
        show_json(bundle_report.verify_json(each))
    else:
        show("\n".join(bundle_report.verdict_lines(each, layers)))
    raise typer.Exit(0 if all(ran.verdict.passed for ran in each) else 1)


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
        warn((*one.compiled.warnings, *one.warnings))
    if as_json:
        show_json(bundle_report.profile_json(each, before))
        return
    for i, one in enumerate(each):
        if len(each) > 1:
            show(("\n" if i else "") + f"{one.compiled.interface.name}:")
        found = profile_report.profile_json(one, before)
        show_table(profile_report.layers_table(found))
        if line := profile_report.time_line(found):
            show(line)
        show("")
        show_table(profile_report.kernels_table(found))
