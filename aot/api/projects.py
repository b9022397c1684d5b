"""`build`: models become a C project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack, cast

from aot.api.arguments import options_of
from aot.api.common import Model, board_of, check_choice, compile_into, whole_of, working_folder
from aot.base.choices import CompileKeywords, CompileOptions
from aot.base.files import complete_folder, refuse_occupied, write_files
from aot.compile.printing import print_project
from aot.compile.records import Compiled, CompiledBundle
from aot.project.compile import Firmware
from aot.project.kinds import KINDS, check_project
from aot.targets import Board


@dataclass(frozen=True)
class Built:
    """A C project in `folder`. `firmware` is None where no compiler ran, `elf` where none was kept.

    `firmware` is None, too, where it would tell of another core than the project's. Of several models, `compiled` is
    the first, and `bundle` are all in their common arena. `warnings` are what the user should know.
    """

    compiled: Compiled
    firmware: Firmware | None
    folder: Path
    elf: Path | None
    bundle: CompiledBundle | None = None
    warnings: tuple[str, ...] = ()


def build(
    model: Model | Sequence[Model],
    board: str | Board,
    folder: Path | str,
    *,
    concurrent: bool = False,
    project: str = "make",
    compile: bool = True,
    force: bool = False,
    trace: bool = False,
    **choices: Unpack[CompileKeywords],
) -> Built:
    """Compile `model` into a C project in `folder`, which must be empty unless `force` allows to replace its files.

    Several models share one arena, the size of what the largest needs, and must not run at once; with `concurrent`,
    each has memory of its own. The `name` among `choices` then is one for each, with commas between.

    `board` is a name, or what `aot.boards` gives; `project` a key of `aot.project.kinds.KINDS`. Without `compile`, no
    compiler is needed and nothing is measured. With `trace`, the firmware of the kind "make" can send every layer's
    output. `choices` are the fields of `aot.CompileOptions`. Raises AotError, and leaves the folder as it
    was, when anything goes wrong.
    """
    folder = Path(folder)
    check_choice("project", project, tuple(KINDS))
    refuse_occupied(folder, force)
    models = list(model) if isinstance(model, list | tuple) else [cast(Model, model)]
    whole = whole_of(models, board_of(board), options_of(CompileOptions, choices), concurrent)
    kind = KINDS[project]
    check_project(kind, whole.held, whole.board)
    with complete_folder(folder) as made, working_folder() as elsewhere:
        work = made if project == "make" else elsewhere
        compiled = compile_into(whole, work, trace=trace) if compile else None
        firmware = compiled if kind.measured(whole.board) else None
        if project != "make" or firmware is None:
            write_files(print_project(whole, project, firmware), made)
        elf = folder / firmware.elf.relative_to(made.resolve()) if firmware and work == made else None
    warnings = (*whole.models[0].warnings, *kind.warnings(whole.board))
    return Built(whole.models[0], firmware, folder, elf, whole if isinstance(whole, CompiledBundle) else None, warnings)
