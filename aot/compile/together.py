"""Several models for one device: one arena for all, a header that says when each may run, and one firmware."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.base.templating import render
from aot.compile.pipeline import Compiled, check_memory, model_text, with_plan, write
from aot.emit.ctext import defined_names
from aot.emit.model import ARENA_ALIGN
from aot.graph.interface import Bundle, Interface, listed
from aot.plan.records import aligned
from aot.plan.shared import shared
from aot.project.compile import Firmware, compile_project
from aot.project.kinds import KINDS, project_files
from aot.targets import Board

NAME = "models"  # of the common header, and of the program
_STATIC = re.compile(r"^static\b.*$", re.MULTILINE)
_MACRO = re.compile(r"^#define (\w+)", re.MULTILINE)
_OWN_NAME = "a name of its own for each, in the models' order: --name first,second"


@dataclass(frozen=True)
class Together:
    """Several models for one board, as they are in one arena.

    No arena for them is smaller than `lower_bound`; `optimal`: nor than theirs.
    """

    models: tuple[Compiled, ...]
    bundle: Bundle
    lower_bound: int
    optimal: bool

    @property
    def board(self) -> Board:
        """What all of them were compiled for."""
        return self.models[0].board

    @property
    def weights_bytes(self) -> int:
        """The bytes of flash that the constants of all models take."""
        return sum(model.weights_bytes for model in self.models)


def together(models: Sequence[Compiled], *, concurrent: bool = False) -> Together:
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
    bundle = Bundle(NAME, tuple(model.interface for model in placed), size, starts, concurrent)
    result = Together(placed, bundle, bound, optimal)
    _check_names(result)
    check_memory(bundle, result.board, size, result.weights_bytes)
    return result


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
    if options.pool is not None and tuple(options.pool) != ("ram",):
        raise AotError("several models have one arena, in ram", "leave --pool out")
    names = options.name.split(",") if options.name is not None else [None] * count
    if len(names) != count:
        raise AotError(f"{count} models cannot be called {options.name}", "one name for each: --name first,second")
    return [replace(options, name=name, pool=("ram",)) for name in names]


def within(whole: Together, max_ram: int | None) -> Together:
    """`whole`, where its arena is no larger than `max_ram`, as that of each model is by itself. AotError otherwise."""
    size = whole.bundle.arena_bytes
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


def project_of(whole: Together, kind: str, firmware: Firmware | None = None) -> dict[str, str]:
    """The files of a project of `kind`; with `firmware`, headers tell the stack. AotError where it holds one model."""
    stacks = [part.stack.bytes for part in firmware.parts] if firmware else [None] * len(whole.models)
    texts = {f"{NAME}.h": _header(whole)}
    for model, stack in zip(whole.models, stacks, strict=True):
        texts |= model_text(model, stack)
    return project_files(KINDS[kind], whole.bundle, whole.board, texts)


def make_together(whole: Together, folder: Path, *, trace: bool = False) -> Firmware:
    """Write the project of the kind "make" into `folder` and compile it. AotError as in `build`."""
    write(project_of(whole, "make"), folder)
    firmware = compile_project(folder, whole.board, whole.bundle, trace=trace)
    told = project_of(whole, "make", firmware)
    write({f"{model.name}.h": told[f"{model.name}.h"] for model in whole.bundle.models}, folder)
    return firmware


def _header(whole: Together) -> str:
    bundle = whole.bundle
    states = [model for model in bundle.models if model.states]
    return render(
        "models.h.j2",
        bundle=bundle,
        title=listed(bundle.models),
        rows=list(_rows(whole)),
        remembering=listed(states) if states else "",
        remembering_names=[model.name for model in states],
        arena_align=ARENA_ALIGN,
    )


def _rows(whole: Together) -> Iterator[str]:
    """What each model needs, and all of them."""
    sizes = [(model.interface.name, model.plan.size, model.weights_bytes) for model in whole.models]
    sizes.append(("Together", whole.bundle.arena_bytes, whole.weights_bytes))
    width = max(len(name) for name, _, _ in sizes)
    for name, arena, weights in sizes:
        yield f"{name:{width}}  {arena} bytes of RAM, {weights} bytes of weights"


def _check_names(whole: Together) -> None:
    """Raise AotError where two models, or things in their C, would have one name, be it in capitals for one."""
    models = whole.bundle.models
    if (name := _met_twice(model.name.lower() for model in models)) is not None:
        raise AotError(f"two models are called {name}", _OWN_NAME)
    names = [NAME, *_names(models, whole)]
    if (name := _met_twice(names)) is not None:
        raise AotError(f"in the C of {listed(models)}, two things would be called {name}", _OWN_NAME)


def _names(models: Sequence[Interface], whole: Together) -> Iterator[str]:
    """Each model's own name and those of its files, and what a program that includes all headers and links all sees."""
    yield from (model.name.lower() for model in models)
    for model in whole.models:
        for path, text in model_text(model).items():
            yield path.lower()
            yield from defined_names(text if path.endswith(".h") else _STATIC.sub("", text))
            yield from _MACRO.findall(text) if path.endswith(".h") else ()


def _met_twice(names: Iterator[str] | Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
