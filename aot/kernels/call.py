"""The records between `lower` and the templates: everything a template prints, computed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar, Union

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Array, Graph, Op, Tensor
from aot.plan import Overlap, Plan

Kind = TypeVar("Kind", bound=Op)


class DoesNotFit(Exception):
    """A kernel cannot compute an operator; the message says why and becomes a line of the user's error."""


@dataclass(frozen=True, eq=False)
class Constant:
    """An array for flash. `name` is completed to `<model>_<name>` when printed; `words`: it is read word by word.

    `note` says what it holds, in which order, for the comment above it.
    """

    name: str
    data: Array
    note: str
    words: bool = False

    @property
    def c_type(self) -> str:
        return C_TYPES[self.data.dtype.name]


Member = Union[int, float, tuple[int, ...], Constant, "Params"]


@dataclass(frozen=True)
class Params:
    """Base of each kernel's parameters: a subclass is one C struct, a field one member.

    Members are int (int32_t), float, a tuple of int (an array), Constant (a pointer to const), or another Params (a
    nested struct, which the prelude declares under its `c_name`). What is None, or of another type, is no member.
    """

    @property
    def c_name(self) -> str:
        """The name of the struct where it is nested in another."""
        return ""

    def members(self) -> Iterator[tuple[str, Member]]:
        """Each member's name and value."""
        for name, value in ((each.name, getattr(self, each.name)) for each in fields(self)):
            if isinstance(value, int | float | tuple | Constant | Params):
                yield name, value


def constants_of(params: Params) -> list[Constant]:
    """Every array that `params` points to, nested ones included, in order."""
    found: list[Constant] = []
    for _, value in params.members():
        if isinstance(value, Constant):
            found.append(value)
        elif isinstance(value, Params):
            found.extend(constants_of(value))
    return found


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a generated kernel, which computes `op`.

    `inputs` and `outputs` are the tensors whose addresses are passed; `variant` is what the template needs to print
    the function (not the call), `needs` are helpers and headers for what C text in it calls; `scratch` is in bytes, of
    elements of `scratch_type`, and planned in the arena;
    `overlaps` says, by the index of an input, how the first output may overlap it; `in_place` lists the inputs whose
    memory the first output may take over, address for address; `updates` are pairs (input, output) of which the same
    is true; `work` counts what takes time, by units that `costs.toml` has prices for; `cost` is what it comes to in
    estimated cycles, of control flow what the graphs inside do, each of them once; `blocks` are these graphs, which
    have the scratch memory to themselves. Images lie by pixels, [row, column, channel], those in `planes` by planes,
    [channel, row, column].
    """

    kernel: "AnyKernel"
    op: Op
    params: Params
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    variant: Mapping[str, object] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    scratch: int = 0
    scratch_type: str = "int8_t"
    in_place: tuple[int, ...] = ()
    updates: tuple[tuple[int, int], ...] = ()
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    work: Mapping[str, float] = field(default_factory=dict)
    cost: float = 0
    blocks: dict[str, "Block"] = field(default_factory=dict)
    planes: frozenset[str] = frozenset()

    def everything(self) -> Iterator["Call"]:
        """This call, and those of the graphs inside."""
        yield self
        for block in self.blocks.values():
            for call in block.calls:
                yield from call.everything()


@dataclass(frozen=True, eq=False)
class Block:
    """A graph that is lowered: its calls in order, and where everything lies in the memory that it is given."""

    graph: Graph
    calls: tuple[Call, ...]
    plan: Plan


@dataclass(frozen=True)
class Target:
    """What a kernel may know of where it will run, and of what is asked for.

    The features of the core, the rounding, and what kernels are chosen for: one of
    `aot.kernels.OPTIMIZATIONS`. Kernels with much scratch memory may compute the tensors that `roomy` names, if
    all constants then are within `flash`.
    """

    features: frozenset[str] = frozenset()
    rounding: str = "double"
    optimize: str = "speed"
    roomy: frozenset[str] = frozenset()
    flash: float = float("inf")

    def with_room_for(self, *tensors: str) -> "Target":
        """The same where kernels with much scratch memory may compute these tensors."""
        return replace(self, roomy=frozenset(tensors))


@dataclass(frozen=True)
class Kernel(Generic[Kind]):
    """One C function for any of `ops`: `name` is the prefix of its C names, `template` prints it.

    The core must have all `features`, and the rounding must be one of `roundings`. With `planes`, it also takes tensors
    that lie by planes. One that is `roomy` needs much scratch memory: it is for where the arena is as large anyway.
    """

    name: str
    template: str
    ops: tuple[type[Kind], ...]
    lower: Callable[["Kernel[Kind]", Kind, Graph, Target], Call]
    features: frozenset[str] = frozenset()
    planes: bool = False
    roomy: bool = False
    roundings: tuple[str, ...] = ROUNDINGS


AnyKernel = Kernel[Any]  # where the operator does not matter
DSP = frozenset({"dsp"})
MVE = frozenset({"dsp", "mve"})
RV32 = frozenset({"rv32"})
RVV = frozenset({"rvv"})
FIXED = ("double", "single")  # the roundings that scale by a multiplier and a shift
IN_REALS = ("onnx",)  # the roundings of kernels that compute with the reals that codes stand for


def weights_of(w: Tensor) -> Array:
    """The values of the weights `w`. Raises DoesNotFit where they are not constant."""
    if w.data is None:
        raise DoesNotFit(f"%{w.name} (weights) is not constant")
    return w.data


def fit(condition: bool, reason: str) -> None:
    """Raise DoesNotFit with `reason` unless `condition` holds."""
    if not condition:
        raise DoesNotFit(reason)
