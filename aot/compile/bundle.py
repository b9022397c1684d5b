"""Several models for one device: one arena for all, and one firmware."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.compile.memory import check_memory
from aot.compile.printing import files_of, with_plan
from aot.compile.records import Compiled, CompiledBundle
from aot.emit.common import common_of
from aot.emit.model import ARENA_ALIGN
from aot.graph.deployment import Bundle, listed
from aot.plan.records import aligned
from aot.plan.shared import shared

NAME = "models"  # of the common header, and of the program
_OWN_NAME = "a name of its own for each, in the models' order: --name first,second"


def bundled(models: Sequence[Compiled], *, concurrent: bool = False) -> CompiledBundle:
    """Models that were compiled for the same board, in one arena: that of the largest, or with `concurrent` all.

    Raises AotError where their names meet, or where they do not fit the board together.
    """
    placed = tuple(models) if concurrent else _sharing(models)
    plans = [model.plan for model in placed]
    sizes = [aligned(plan.size, ARENA_ALIGN) for plan in plans]
    starts = tuple(accumulate(sizes[:-1], initial=0)) if concurrent else (0,) * len(sizes)
    size = max(start + plan.size for start, plan in zip(starts, plans, strict=True))
    bound = (sum if concurrent else max)(plan.lower_bound for plan in plans)
    optimal = all(plan.optimal for plan in plans if concurrent or plan.size == size)
    common = common_of(NAME, [(model.block, model.target) for model in placed])
    kernels = common.file if common else ""
    held = Bundle(NAME, tuple(model.held for model in placed), size, starts, concurrent, kernels)
    whole = CompiledBundle(tuple(replace(model, common=common) for model in placed), held, bound, optimal)
    _check_names(whole)
    check_memory(held, whole.board, size, whole.weights_bytes)
    return whole


def options_of_each(options: CompileOptions, count: int) -> list[CompileOptions]:
    """The options of each of `count` models. AotError for one that cannot be for several."""
    if count == 0:
        raise AotError("there is no model to compile", "the path of a .tflite file")
    if count == 1:
        return [options]
    if options.calibration is not None:
        raise AotError("several models cannot be quantized with the same samples", "aot quantize each by itself first")
    if "external" in options.weights_choices:
        raise AotError("the constants of several models cannot be files", "leave --weights external out",
                       "a section of their own: --weights-section")  # fmt: skip
    if any(options.ports.values()):
        raise AotError("the ports of several models are not told apart",
                       "leave --input-shape, --constant and --io-layout out",
                       "convert the models with fixed input shapes")  # fmt: skip
    if options.mlperf:
        raise AotError("the runner of MLPerf Tiny drives firmware of one model", "build each by itself")
    if options.pool and tuple(options.pool) != ("ram",):
        raise AotError("several models have one arena, in ram", "leave --pool out")
    names = options.name.split(",") if options.name is not None else [None] * count
    if len(names) != count or "" in names:
        raise AotError(f"{count} models cannot be called {options.name}", "one name for each: --name first,second")
    return [replace(options, name=name, pool=("ram",)) for name in names]


def within(whole: CompiledBundle, max_ram: int | None) -> CompiledBundle:
    """`whole`, where its arena is no larger than `max_ram`, as that of each model is by itself. AotError otherwise."""
    size = whole.held.arena_bytes
    if max_ram is not None and size > max_ram:
        raise AotError(f"together, the models need {size:,} bytes of arena, not {max_ram:,}", f"--max-ram {size}",
                       "fewer models")  # fmt: skip
    return whole


def _sharing(models: Sequence[Compiled]) -> tuple[Compiled, ...]:
    """The models in the common arena; whose plan stays as it is, stays as it is."""
    kept = [frozenset(state.current for state in model.graph.state) for model in models]
    plans = shared([model.plan for model in models], kept)
    return tuple(
        model if plan is model.plan else with_plan(model, plan) for model, plan in zip(models, plans, strict=True)
    )


def _check_names(whole: CompiledBundle) -> None:
    """Raise AotError where two models, or things in their C, would have one name, be it in capitals for one."""
    models = whole.held.models
    if (name := _met_twice(model.name.lower() for model in models)) is not None:
        raise AotError(f"two models are called {name}", _OWN_NAME)
    names = [NAME, *_names(whole)]
    if (name := _met_twice(names)) is not None:
        raise AotError(f"in the C of {listed(models)}, two things would be called {name}", _OWN_NAME)


def _names(whole: CompiledBundle) -> Iterator[str]:
    """Each model's own name and those of its files, and what a program that includes all headers and links all sees."""
    yield from (model.name.lower() for model in whole.held.models)
    if whole.common:
        yield from (whole.common.file, *(f"{whole.common.prefix}_{name}" for name in whole.common.names))
    for model in whole.models:
        for path, file in files_of(model).items():
            yield path.lower()
            yield from file.defines


def _met_twice(names: Iterator[str] | Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
