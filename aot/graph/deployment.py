"""A model as a firmware holds it, or several: what the code around it and the host at its other end must know."""

from collections.abc import Sequence
from dataclasses import dataclass

from aot.graph.interface import Interface


@dataclass(frozen=True)
class Weights:
    """Where a model's constants are.

    `section` is the linker's section for them, or empty for the compiler's choice; `file_bytes` the size of
    `<name>_weights.bin`, or 0 where they are part of the C; `in_ram` are the names of those that start-up code copies
    to RAM, `in_ram_bytes` what these take.
    """

    section: str = ""
    file_bytes: int = 0
    in_ram: tuple[str, ...] = ()
    in_ram_bytes: int = 0


@dataclass(frozen=True)
class Deployment:
    """A model in a firmware.

    `layers` are the tensors that a trace shows, in order; `code` is a hash of its C files as they are without other
    models: two firmwares with the same model and the same hash compute the same; `pools` are the memories that its
    arenas lie in; `benchmark` is its name in MLPerf Tiny, where the firmware is to take and give what that benchmark's
    runner wants.
    """

    interface: Interface
    layers: tuple[str, ...]
    code: str
    weights: Weights = Weights()
    pools: tuple[str, ...] = ("ram",)
    benchmark: str = ""

    @property
    def name(self) -> str:
        """What its C names begin with."""
        return self.interface.name

    @property
    def macro(self) -> str:
        """What its macros begin with."""
        return self.interface.macro

    @property
    def version(self) -> str:
        """The version of aot that made it."""
        return self.interface.version

    @property
    def models(self) -> "tuple[Deployment, ...]":
        """This model alone: all that a firmware of one model holds."""
        return (self,)

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return self.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Its C files to compile."""
        return (f"{self.name}.c", f"{self.name}_weights.c")


@dataclass(frozen=True)
class Bundle:
    """Several models in a firmware, in one arena of `arena_bytes`.

    Model `i` has its own arena from byte `starts[i]` on. `concurrent` models have nothing in common there; others begin
    at the same byte and do not run at once, but what each remembers lies where no other writes. `name` is that of the
    program and of the common header, `kernels` of the file of kernels that several have in common, or empty.
    """

    name: str
    models: tuple[Deployment, ...]
    arena_bytes: int
    starts: tuple[int, ...]
    concurrent: bool
    kernels: str = ""

    @property
    def macro(self) -> str:
        """What the macros of the common header begin with."""
        return self.name.upper()

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return f"the firmware of {listed(self.models)}"

    @property
    def version(self) -> str:
        """The version of aot that made it."""
        return self.models[0].version

    @property
    def weights(self) -> Weights:
        """Where the constants of all models are: in one section, and never in a file."""
        return Weights(section=self.models[0].weights.section)

    @property
    def sources(self) -> tuple[str, ...]:
        """The C files to compile, of all models."""
        own = tuple(source for model in self.models for source in model.sources)
        return (*own, f"{self.kernels}.c") if self.kernels else own


Held = Deployment | Bundle  # what a firmware holds: one model, or several


def listed(models: Sequence[Deployment]) -> str:
    """The names of models in a sentence."""
    *others, last = (model.name for model in models)
    return f"{', '.join(others)} and {last}" if others else last
