"""Where things lie, as C has it: addresses in arenas and of constants."""

from collections.abc import Iterable
from dataclasses import dataclass

from aot.plan import Plan


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
