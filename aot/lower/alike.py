"""What the planner must know of graphs that have many operators in common: each kind is chosen a kernel for once."""

from collections.abc import Hashable
from dataclasses import replace

from aot.graph.ir import Graph, Op
from aot.kernels import Call, Target, choose, fitting
from aot.lower.lowering import steps_of, with_blocks
from aot.plan import Step, Views


class KnownSteps:
    """The steps of one graph after the other: operators that differ in names alone may have the same calls."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: dict[Hashable, list[Call]] = {}

    def of(self, graph: Graph, views: Views) -> list[Step]:
        """As `steps_of` the calls of `graph`, whose views are known."""
        ops = [op for op in graph.ops if not views.cover(op)]
        calls = choose([self._fitting(op, graph) for op in ops], self._target)
        steps = steps_of([with_blocks(call, call.op, self._target) for call in calls])
        return [_for(op, call.op, step) for op, call, step in zip(ops, calls, steps, strict=True)]

    def _fitting(self, op: Op, graph: Graph) -> list[Call]:
        """The calls that compute `op`, or the first that was like it."""
        numbers = {name: str(i) for i, name in enumerate(_names(op))}
        kind = _renamed(op, numbers), *(_described(graph, name) for name in numbers)
        if kind not in self._known:
            self._known[kind] = fitting(op, graph, self._target)
        return self._known[kind]


def _names(op: Op) -> list[str]:
    """The operator's tensors, each once."""
    return list(dict.fromkeys(name for name in (*op.inputs, *op.outputs) if name is not None))


def _renamed(op: Op, names: dict[str, str]) -> Op:
    inputs = tuple(None if name is None else names[name] for name in op.inputs)
    return replace(op, name="", inputs=inputs, outputs=tuple(names[name] for name in op.outputs))


def _for(op: Op, like: Op, step: Step) -> Step:
    """The step of `op`, from that of an operator `like` it."""
    names = dict(zip(_names(like), _names(op), strict=True))
    inputs, outputs = (tuple(names[name] for name in those) for those in (step.inputs, step.outputs))
    return replace(step, inputs=inputs, outputs=outputs)


def _described(graph: Graph, name: str) -> Hashable:
    """All of a tensor but its name; constants are told apart by their arrays, which the graphs share."""
    t = graph[name]
    return t.shape, t.dtype, t.quant, t.planes, t.wide, None if t.data is None else id(t.data)
