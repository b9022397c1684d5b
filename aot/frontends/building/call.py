"""What readers of operators get of a model."""

from dataclasses import dataclass

from aot.frontends.building.builder import Builder


@dataclass(frozen=True, eq=False)
class Call:
    """An operator that is being read: what makes operators. Each format adds what it says of one."""

    build: Builder
