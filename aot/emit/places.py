"""Where things lie, as C has it: addresses in arenas and of constants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aot.kernels.call import Block, Call
from aot.plan import Plan, scratch_name


@dataclass(frozen=True)
class Place:
    """The place `offset` bytes into what `base` names, an arena or a constant; printed as a pointer to `c_type`."""

    base: str
    offset: int = 0
    c_type: str = "int8_t"
    const: str = ""

    def __str__(self) -> str:
        place = f"{self.base} + {self.offset}" if self.offset else self.base
        return place if self.c_type == "int8_t" else f"({self.const}{self.c_type} *)(void *)({place})"

    @property
    def first(self) -> str:
        """The byte that lies there."""
        return f"{self.base}[{self.offset}]"


def base_of(plan: Plan, pool: str) -> str:
    """The variable that points to the arena in `pool`."""
    return f"base_{pool}" if plan.spilled else "base"


def place(plan: Plan, name: str, c_type: str = "int8_t", const: str = "") -> Place:
    """Where a tensor or scratch lies."""
    pool, offset = plan.place_of(name)
    return Place(base_of(plan, pool), offset, c_type, const)


def pools_in(plan: Plan, places: Iterable[Place]) -> list[str]:
    """The pools of the arenas that `places` lie in; the only one in any case."""
    used = {one.base for one in places}
    return [one.pool for one in plan.arenas if not plan.spilled or base_of(plan, one.pool) in used]


@dataclass(frozen=True)
class Extent:
    """The bytes of an arena from `start` on, before `end`; `pool` is empty where there is but one."""

    pool: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.pool} {self.start}..{self.end}".lstrip()

    def meets(self, other: "Extent") -> bool:
        """Whether a byte belongs to both."""
        return self.pool == other.pool and self.start < other.end and other.start < self.end


def memory_of(block: Block, call: Call) -> str:
    """Where a call's inputs, outputs and scratch lie, in words. Constants are not in an arena."""
    graph, plan = block.graph, block.plan
    inputs = [_extent(plan, name, graph[name].bytes) for name in dict.fromkeys(call.inputs) if not graph[name].constant]
    outputs = [_extent(plan, name, graph[name].bytes) for name in call.outputs]
    scratch = [_extent(plan, scratch_name(call.outputs[0]), call.scratch)] if call.scratch else []
    parts = {
        "in": map(str, inputs),
        "out": [f"{one}{_shared(one, inputs)}" for one in outputs],
        "scratch": map(str, scratch),
    }
    texts = {word: " and ".join(extents) for word, extents in parts.items()}
    return ", ".join(f"{word} {text}" for word, text in texts.items() if text)


def _extent(plan: Plan, name: str, size: int) -> Extent:
    pool, start = plan.place_of(name)
    return Extent(pool if plan.spilled else "", start, start + size)


def _shared(output: Extent, inputs: Sequence[Extent]) -> str:
    """What of an output's memory is an input's, and why it may be."""
    if not any(output.meets(one) for one in inputs):
        return ""
    place = "in place" if any(output.start == one.start for one in inputs if output.meets(one)) else "over in"
    return f" ({place}, read before written)"
