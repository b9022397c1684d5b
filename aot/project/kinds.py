"""The project kinds: where each wants the model's files, and what it puts around them out of `templates/projects`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from aot.base.data import TEMPLATES
from aot.base.errors import AotError
from aot.base.templating import render
from aot.emit.weights_file import ALIGN
from aot.graph.deployment import Bundle, Held, listed
from aot.project.cores import (
    FAMILIES,
    arduino_architectures,
    check_core,
    core_warnings,
    measured_there,
    platformio_platforms,
)
from aot.project.firmware import (
    INCLUDE_FLAGS,
    SMALL_FLAGS,
    SMALL_FOLDERS,
    arenas,
    firmware_files,
    link_flags,
    run_command,
    source_files,
    trace_flags,
)
from aot.targets import Board

_STACK_UNKNOWN = 2048  # bytes for a task's stack where no compiler has told how much the model needs
_STACK_BESIDE_MODEL = 1024  # bytes for printf and a context switch

# What CMake, Zephyr and our own projects call their targets, and `m`, the library of mathematics.
_TARGETS = frozenset(
    """all ALL_BUILD app c clean edit_cache experimental help INSTALL install kernel list_install_components m nightly
    package package_source PACKAGE pristine rebuild_cache run RUN_TESTS test zephyr ZERO_CHECK""".split()
)


@dataclass(frozen=True)
class Kind:
    """A project kind. `sources` and `headers` are the folders of the model's files; NAME stands for the model's name.

    With `firmware`, the project also holds the board's files and the main program that answers the device protocol.
    With `weights_file`, its README says what to do with constants that are a file, which lies at its top.
    With `bundles`, it can hold more than one model. It can be for cores of the `families`.
    """

    name: str
    sources: str = ""
    headers: str = ""
    firmware: bool = False
    weights_file: bool = False
    bundles: bool = False
    families: tuple[str, ...] = FAMILIES

    def warnings(self, board: Board) -> tuple[str, ...]:
        """What the user should know who has such a project for the board."""
        return core_warnings(self.name, self.families, board)

    def measured(self, board: Board) -> bool:
        """Whether stack and flash, as they are on the board, are those of the project."""
        return measured_there(self.firmware, board)


_ALL = (
    Kind("make", firmware=True, weights_file=True, bundles=True),
    Kind("sources", weights_file=True, bundles=True),
    Kind("cmake", firmware=True, weights_file=True, bundles=True),
    Kind("zephyr", "src/", "include/"),
    Kind("arduino", "src/", "src/"),
    Kind("platformio", "lib/NAME/src/", "lib/NAME/src/"),
    Kind("esp-idf", "components/NAME/", "components/NAME/include/", families=("riscv", "xtensa", "host")),
    Kind("cmsis-pack", families=("arm",)),
    Kind("stm32cubeide", "Core/Src/", "Core/Inc/", weights_file=True, families=("arm", "host")),
    Kind("freertos"),
)
KINDS = {kind.name: kind for kind in _ALL}


def project_files(
    kind: Kind, held: Held, board: Board, model: Mapping[str, str], stack_bytes: int | None = None
) -> dict[str, str]:
    """Path below the project's folder -> text, of a whole project; `model` holds the files of its models themselves.

    A template that prints nothing makes no file. `stack_bytes` is the worst case of one inference, where it is known.
    AotError where `kind` cannot be for these models or this board.
    """
    check_project(kind, held, board)
    files = {_place(kind, held.name, name) + name: text for name, text in model.items()}
    if kind.firmware:
        files |= firmware_files(held, board)
    values = _values(held, board, stack_bytes)
    folder = TEMPLATES / "projects" / kind.name
    for path in folder.rglob("*.j2"):
        template = path.relative_to(folder).as_posix()
        name = template.replace("NAME", held.name).removesuffix(".j2")
        files[name] = render(f"projects/{kind.name}/{template}", **values)
    return {name: files[name] for name in sorted(files) if files[name]}


def check_project(kind: Kind, held: Held, board: Board) -> None:
    """Raise AotError where a project of this kind cannot hold the models, or be for the board."""
    if held.weights.file_bytes and not kind.weights_file:
        able = ", ".join(name for name, one in KINDS.items() if one.weights_file)
        raise AotError(f"a {kind.name} project cannot have --weights external", f"--project {able}",
                       "the constants in a section of their own: --weights-section")  # fmt: skip
    if isinstance(held, Bundle) and not kind.bundles:
        raise AotError(f"a project of the kind {kind.name} holds one model, not {len(held.models)}",
                       f"--project {', '.join(name for name, each in KINDS.items() if each.bundles)}",
                       "a project for each model")  # fmt: skip
    if not isinstance(held, Bundle) and len(held.pools) > 1 and not kind.firmware and kind.name != "sources":
        pools = ", ".join(held.pools)
        raise AotError(f"a {kind.name} project has one arena, and {held.name} has one in each of {pools}",
                       "the model's files alone: --project sources",
                       "one memory that holds all of it: --pool NAME")  # fmt: skip
    check_core(kind.name, kind.families, board)


def _place(kind: Kind, name: str, file: str) -> str:
    folder = kind.headers if PurePosixPath(file).suffix == ".h" else kind.sources
    return folder.replace("NAME", name)


def _cmsis_device(core: str) -> str:
    """Arm's name of the generic device with this core: cortex-m4f is ARMCM4, cortex-m0plus ARMCM0P."""
    number, plus = re.findall(r"\d+|plus|$", core)[:2]
    return f"ARMCM{number}{'P' if plus == 'plus' else ''}"


def _target(name: str) -> str:
    """What CMake calls the library of a model with this name."""
    return f"{name}_model" if name in _TARGETS else name


def _run_place(board: Board) -> str:
    if board.qemu_machine:
        return "QEMU (Ctrl-A X ends it)"
    return "Renode" if board.renode else "this terminal"


def _values(held: Held, board: Board, stack_bytes: int | None) -> dict[str, object]:
    """What the templates of every kind may print."""
    sources = source_files(held, board)
    return {
        "interface": held if isinstance(held, Bundle) else held.interface,
        "models": [model.interface for model in held.models],
        "pools": held.models[0].pools,
        "weights": held.weights,
        "bundle": isinstance(held, Bundle),
        "title": listed(held.models),
        "headers": [f"{name}.h" for name in dict.fromkeys((held.name, *(model.name for model in held.models)))],
        "arenas": arenas(held),
        "kernels": held.kernels if isinstance(held, Bundle) else "",
        "target": _target(held.name),
        "board": board,
        "core": "any core" if board.core.family == "host" else board.core.name,
        "architectures": arduino_architectures(board),
        "platforms": platformio_platforms(board),
        "sources": sources,
        "firmware_sources": [source for source in sources if "/" in source],
        "flags": [flag for flag in board.core.flags if flag != "-Werror"],
        "include_flags": INCLUDE_FLAGS,
        "small_folders": SMALL_FOLDERS,
        "small_flags": SMALL_FLAGS,
        "trace_flags": trace_flags(held),
        "link_flags": link_flags(board),
        "weights_align": ALIGN,
        "cmsis_device": _cmsis_device(board.core.name) if board.core.family == "arm" else "",
        "run_help": f"starts it in {_run_place(board)}",
        "run_command": run_command,
        "stack_known": stack_bytes is not None,
        "task_stack_bytes": (stack_bytes or _STACK_UNKNOWN) + _STACK_BESIDE_MODEL,
        "stack_beside_model": _STACK_BESIDE_MODEL,
    }
