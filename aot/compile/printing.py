"""What was decided as files: a model's own, and those of a whole project."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aot.base.files import write_files
from aot.base.templating import Fragment
from aot.compile.records import Compiled, CompiledBundle, Whole
from aot.emit.bundle import bundle_header, common_files
from aot.emit.constants import constants_in
from aot.emit.ctext import in_comment
from aot.emit.model import layer_names, model_files
from aot.emit.origin import Origin
from aot.emit.weights_file import weights_file
from aot.graph.deployment import Deployment, Weights
from aot.graph.interface import Interface
from aot.kernels import Block, Target
from aot.plan import Plan
from aot.project.compile import Firmware, compile_project
from aot.project.kinds import KINDS, project_files


def print_model(compiled: Compiled, stack_bytes: int | None = None) -> dict[str, str]:
    """The model's own files, by name: header, code, weights. With `stack_bytes`, the header tells the stack."""
    return {name: file.text for name, file in files_of(compiled, stack_bytes).items()}


def files_of(compiled: Compiled, stack_bytes: int | None = None) -> dict[str, Fragment]:
    """The same with the names that they define."""
    c = compiled
    core = c.board.core
    origin = Origin(c.board.name, core.name, core.features, in_comment(c.options))
    return model_files(c.block, c.interface, c.held.weights, c.target, c.held.code, origin, stack_bytes, c.common)


def print_project(whole: Whole, kind: str = "make", firmware: Firmware | None = None) -> dict[str, str | bytes]:
    """The files of a project of `kind`, by path; with `firmware`, which was compiled of them, headers tell the stack.

    AotError where the kind cannot be for the board or for the models.
    """
    stacks = [part.stack.bytes for part in firmware.parts] if firmware else [None] * len(whole.models)
    files = {name: text for model, stack in zip(whole.models, stacks, strict=True)
             for name, text in print_model(model, stack).items()}  # fmt: skip
    if isinstance(whole, CompiledBundle):
        files |= _print_common(whole)
    stack_bytes = firmware.stack.bytes if firmware else None
    return {**project_files(KINDS[kind], whole.held, whole.board, files, stack_bytes), **_binaries(whole)}


def _print_common(whole: CompiledBundle) -> dict[str, str]:
    """The files that belong to no single model: the header for their user, and the kernels of several."""
    sizes = [(model.plan.size, model.weights_bytes) for model in whole.models]
    header = {f"{whole.held.name}.h": bundle_header(whole.held, sizes)}
    models = [(model.block, model.target) for model in whole.models]
    return header | (common_files(whole.common, whole.held, models) if whole.common else {})


def _binaries(whole: Whole) -> Mapping[str, bytes]:
    """The constants of each model that has them in a file."""
    return {
        f"{model.interface.name}_weights.bin": weights_file(constants_in(model.block), model.held.code)
        for model in whole.models
        if model.held.weights.file_bytes
    }


def make(whole: Whole, folder: Path, *, trace: bool = False) -> Firmware:
    """Write a project of the kind "make" into `folder` and compile it; the headers then also tell the stack.

    AotError as in `compile_project`.
    """
    write_files(print_project(whole), folder)
    firmware = compile_project(folder, whole.board, whole.held, trace=trace)
    for model, part in zip(whole.models, firmware.parts, strict=True):
        header = f"{model.interface.name}.h"
        write_files({header: print_model(model, part.stack.bytes)[header]}, folder)
    return firmware


def deployed(block: Block, interface: Interface, weights: Weights, benchmark: str, target: Target) -> Deployment:
    """The model as a firmware holds it.

    The hash of its code leaves out a section or a file of constants: it computes the same, and tells which file is its.
    """
    plain = replace(weights, section="", file_bytes=0)
    code = _code_hash(model_files(block, interface, plain, target))
    pools = tuple(plan.pool for plan in block.plan.arenas)
    return Deployment(interface, layer_names(block.calls), code, weights, pools, benchmark)


def with_plan(compiled: Compiled, plan: Plan) -> Compiled:
    """The same model, with everything in its arena where `plan` says; plans of one problem differ in offsets alone."""
    c, block = compiled, replace(compiled.block, plan=plan)
    held = deployed(block, c.interface, c.held.weights, c.held.benchmark, c.target)
    return replace(c, block=block, held=held)


def _code_hash(model: Mapping[str, Fragment]) -> str:
    """16 hexadecimal digits of the SHA-256 of the model's C files, not of the header, which may tell the stack."""
    text = "".join(model[name].text for name in sorted(model) if name.endswith(".c"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
