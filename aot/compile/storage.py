"""Where a model's constants go: the compiler's choice, a section, a file, or a copy in RAM."""

import difflib
import re
from collections.abc import Sequence

from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.emit.constants import constants_in, constants_read
from aot.emit.weights_file import file_bytes
from aot.graph.deployment import Weights
from aot.kernels import Block, Call

_SECTION = re.compile(r"[A-Za-z_.][A-Za-z0-9_.]*")


def weights_for(block: Block, options: CompileOptions) -> Weights:
    """What `options` say of the constants of `block`. AotError for what excludes each other, and for wrong names."""
    external, section, in_ram = "external" in options.weights_choices, options.weights_section, options.weights_in_ram
    if in_ram and external:
        raise AotError("--weights external and --weights-in-ram exclude each other")
    if section is not None and external:
        raise AotError("--weights external and --weights-section exclude each other",
                       "where the file lies is the linker's: -Wl,--defsym")  # fmt: skip
    if section is not None and not _SECTION.fullmatch(section):
        raise AotError(
            f"{section!r} cannot be the name of a section", "letters, digits, dots and underscores: .qspi_flash"
        )
    sizes = _sizes_in_ram(block, in_ram or ())
    file = _file_bytes(block) if external else 0
    return Weights(section or "", file, tuple(sizes), sum(sizes.values()))


def _sizes_in_ram(block: Block, chosen: Sequence[str]) -> dict[str, int]:
    """The bytes of each constant that the layers `chosen` read. AotError for a layer that there is not."""
    layers = {call.outputs[0]: call for call in block.calls if call.outputs}
    if unknown := [name for name in chosen if name not in layers and name != "all"]:
        near = difflib.get_close_matches(unknown[0], layers, n=3, cutoff=0.5) or list(layers)[:8]
        raise AotError(f"{block.graph.name} has no layer called {unknown[0]}", f"layers: {', '.join(near)}",
                       "--weights-in-ram all")  # fmt: skip
    calls: Sequence[Call] = block.calls if "all" in chosen else [layers[name] for name in chosen]
    return {constant.name: constant.data.nbytes for constant in constants_read(block.graph, calls)}


def _file_bytes(block: Block) -> int:
    """The size of the file with all constants. AotError where there are none."""
    constants = constants_in(block)
    if not constants:
        raise AotError(f"{block.graph.name} has no constants to put into a file", "leave --weights external out")
    return file_bytes(constants)
