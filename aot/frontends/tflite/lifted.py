"""Variables inside control flow: their values go into the graphs that speak of them, and come out, as operands do.

So what a graph inside a branch or a loop does to a variable is what the operator does to one of its operands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from aot.frontends.tflite.variables import Key
from aot.graph.ir import Graph, Tensor
from aot.ops.common import require
from aot.ops.control import If

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
    """The graphs inside an operator; which variables go into all of them, which come out, and which are assigned.

    `verdict` is what a condition that assigns gave last: it goes into the loop behind all else, as true, and comes out.
    """

    graphs: dict[str, Graph]
    taken: tuple[Key, ...]
    given: tuple[Key, ...]
    assigned: frozenset[Key]
    verdict: tuple[Tensor, ...] = ()


def lifted(inside: Mapping[str, Inner], new: New) -> Lifted:
    """The graphs inside an operator with its variables as their last inputs and outputs.

    A loop gives all that it takes; a branch only what is assigned. Unsupported where a condition that assigns has not
    one verdict.
    """
    first: dict[Key, Tensor] = {}
    for inner in inside.values():
        first = {**{key: value for key, (value, _) in inner.values.items()}, **first}
    assigned = frozenset(key for key in first if any(inner.assigns(key) for inner in inside.values()))
    taken = tuple(first)
    given = taken if "condition" in inside else tuple(key for key in taken if key in assigned)
    rotates = "condition" in inside and any(map(inside["condition"].assigns, taken))
    graphs = {}
    for name, inner in inside.items():
        own = {key: inner.values[key] if key in inner.values else (t := new(first[key]), t) for key in taken}
        graphs[name] = _extended(inner, own, given if name != "condition" or rotates else ())
    if not rotates:
        return Lifted(graphs, taken, given, assigned)
    verdicts = len(graphs["condition"].outputs) - len(given)
    require(verdicts == 1, f"its condition gives {verdicts} values; supported: 1")
    verdict = graphs["condition"][graphs["condition"].outputs[0]]
    ends = new(replace(verdict, data=np.ones(verdict.shape, verdict.dtype))), new(replace(verdict, data=None))
    return Lifted(_rotated(graphs["condition"], graphs["body"], new), taken, given, assigned, ends)


def _rotated(condition: Graph, body: Graph, new: New) -> dict[str, Graph]:
    """A loop whose condition assigns as one whose body does: `while ok: ok = condition; if ok: body`.

    The condition gives its verdict, then the variables, which are the last values that both graphs take.
    """
    verdict, *variables = condition.outputs
    passed = (*condition.inputs[: len(condition.inputs) - len(variables)], *variables)
    skipped, results, seen = ([new(replace(condition[n], data=None)) for n in passed] for _ in range(3))
    before, after = (new(replace(condition[verdict], data=None)) for _ in range(2))
    otherwise = _unchanged("skipped", skipped, skipped)
    names = tuple(t.name for t in results)
    choice = If(name=names[0], inputs=(verdict, *passed), outputs=names, then=body, otherwise=otherwise)
    step = replace(
        condition.with_tensors(*results, before),
        ops=(*condition.ops, choice),
        inputs=(*condition.inputs, before.name),
        outputs=(*names, verdict),
    )
    return {"condition": _unchanged("condition", [*seen, after], [after]), "body": step}


def _unchanged(name: str, inputs: list[Tensor], outputs: list[Tensor]) -> Graph:
    """A graph that gives some of what it takes."""
    known = {t.name: t for t in inputs}
    return Graph(name, known, (), tuple(known), tuple(t.name for t in outputs))


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
