"""What the planner must know of graphs that have many operators in common: each kind is chosen a kernel for once."""

from collections.abc import Hashable
from dataclasses import replace

from aot.graph.ir import Graph, Op
from aot.kernels import Target
from aot.lower.lowering import calls_of, steps_of
from aot.plan import Step, Views


class KnownSteps:
    """The steps of one graph after the other: operators that differ in names alone have the same one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._known: dict[Hashable, Step] = {}

    def of(self, graph: Graph, views: Views) -> list[Step]:
        """As `steps_of` the calls of `graph`, whose views are known."""
        if self._target.optimize != "speed":  # kernels are chosen together
            return steps_of(calls_of(graph, self._target))
        return [self._step(op, graph) for op in graph.ops if not views.cover(op)]

    def _step(self, op: Op, graph: Graph) -> Step:
        names = list(dict.fromkeys(name for name in (*op.inputs, *op.outputs) if name is not None))
        unnamed = _renamed(op, {name: str(i) for i, name in enumerate(names)})
        kind = unnamed, *(_described(graph, name) for name in names)
        if kind not in self._known:
            (step,) = steps_of(calls_of(replace(graph, ops=(op,)), self._target))
            self._known[kind] = _with_names(step, {name: str(i) for i, name in enumerate(names)})
        return _with_names(self._known[kind], {str(i): name for i, name in enumerate(names)})


def _renamed(op: Op, names: dict[str, str]) -> Op:
    inputs = tuple(None if name is None else names[name] for name in op.inputs)
    return replace(op, name="", inputs=inputs, outputs=tuple(names[name] for name in op.outputs))


def _with_names(step: Step, names: dict[str, str]) -> Step:
    inputs, outputs = (tuple(names[name] for name in those) for those in (step.inputs, step.outputs))
    return replace(step, inputs=inputs, outputs=outputs)


def _described(graph: Graph, name: str) -> Hashable:
    """All of a tensor but its name; constants are told apart by their arrays, which the graphs share."""
    t = graph[name]
    return t.shape, t.dtype, t.quant, t.planes, t.wide, None if t.data is None else id(t.data)
