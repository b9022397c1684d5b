"""Finds every operator that aot does not implement, at once."""

from dataclasses import dataclass

from aot.base.errors import AotError
from aot.graph.ir import Graph, Op, Unsupported


@dataclass(frozen=True)
class Problem:
    """An operator that cannot be compiled, and why."""

    op: Op
    reason: str

    def __str__(self) -> str:
        inputs, outputs = (
            ", ".join(f"%{name}" for name in names if name is not None) for names in (self.op.inputs, self.op.outputs)
        )
        return f"{self.op.kind} ({inputs} -> {outputs}): {self.reason}"


def problems(graph: Graph) -> tuple[Problem, ...]:
    """Every operator of `graph` that is not supported, in order."""
    found: list[Problem] = []
    for op in graph.ops:
        for inner in op.graphs.values():
            found.extend(problems(inner))
        try:
            op.check(graph)
        except Unsupported as reason:
            found.append(Problem(op, reason.what))
    return tuple(found)


def check_operators(graph: Graph) -> None:
    """Raise AotError that lists all of them."""
    if found := problems(graph):
        count = "1 operator is" if len(found) == 1 else f"{len(found)} operators are"
        raise AotError(f"{count} not supported in {graph.name}", *map(str, found))
