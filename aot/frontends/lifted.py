"""Variables inside control flow: their values go into the graphs that speak of them, and come out, as operands do.

So what a graph inside a branch or a loop does to a variable is what the operator does to one of its operands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from aot.frontends.variables import Key
from aot.ir import Graph, Tensor
from aot.ops.common import require

New = Callable[[Tensor], Tensor]  # the same tensor under a name that nobody has


@dataclass(frozen=True)
class Inner:
    """A graph inside control flow, and of each variable that it speaks of the first and the last value.

    Those are the last inputs and outputs of the graph. `handles` are the variables that its outputs in the file stand
    for, None where one is a value.
    """

    graph: Graph
    values: Mapping[Key, tuple[Tensor, Tensor]]
    handles: tuple[str | None, ...]

    def assigns(self, key: Key) -> bool:
        """Whether the variable has another value when the graph ends."""
        return key in self.values and self.values[key][0] is not self.values[key][1]


@dataclass(frozen=True)
class Lifted:
    """The graphs inside an operator; which variables go into all of them, which come out, and which are assigned."""

    graphs: dict[str, Graph]
    taken: tuple[Key, ...]
    given: tuple[Key, ...]
    assigned: frozenset[Key]


def lifted(inside: Mapping[str, Inner], new: New) -> Lifted:
    """The graphs inside an operator with its variables as their last inputs and outputs.

    A loop gives all that it takes; a branch only what is assigned. Unsupported where a loop's condition assigns.
    """
    first: dict[Key, Tensor] = {}
    for inner in inside.values():
        first = {**{key: value for key, (value, _) in inner.values.items()}, **first}
    assigned = frozenset(key for key in first if any(inner.assigns(key) for inner in inside.values()))
    taken = tuple(first)
    given = taken if "condition" in inside else tuple(key for key in taken if key in assigned)
    graphs = {}
    for name, inner in inside.items():
        assigns = [key for key in taken if inner.assigns(key)]
        require(
            name != "condition" or not assigns,
            f"the condition of a loop assigns the variable {', '.join(_said(key, first[key]) for key in assigns)}",
        )
        own = {key: inner.values[key] if key in inner.values else (t := new(first[key]), t) for key in taken}
        graphs[name] = _extended(inner, own, () if name == "condition" else given)
    return Lifted(graphs, taken, given, assigned)


def _said(key: Key, tensor: Tensor) -> str:
    return repr(key) if isinstance(key, str) else f"%{tensor.name}"


def _extended(inner: Inner, values: Mapping[Key, tuple[Tensor, Tensor]], given: tuple[Key, ...]) -> Graph:
    """The graph, which takes the first value of each of `values`, and gives the last one of those in `given`."""
    graph, held = inner.graph, len(inner.values)
    inputs, outputs = (names[: len(names) - held] for names in (graph.inputs, graph.outputs))
    passed = [t for pair in values.values() for t in pair if t.name not in graph.tensors]
    return replace(
        graph.with_tensors(*passed),
        inputs=(*inputs, *(first.name for first, _ in values.values())),
        outputs=(*outputs, *(values[key][1].name for key in given)),
    )
