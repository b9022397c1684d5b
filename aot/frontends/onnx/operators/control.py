"""Control flow: what is known becomes nodes of the graph around it, all else graphs inside an operator."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.movement import joined, sliced
from aot.frontends.onnx.records import Call, Inside, Reader, axis_of
from aot.graph.ir import Graph, Unsupported
from aot.ops.add import Add
from aot.ops.binary import LogicalAnd
from aot.ops.common import require
from aot.ops.comparison import Less
from aot.ops.control import If, While
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.mul import Mul

if TYPE_CHECKING:
    from onnx import GraphProto

_MOST_UNROLLED = 256  # nodes that a loop becomes
_MOST_STEPS = 1 << 20


class _ConditionComputed(Exception):
    """A loop's condition is only known when the model runs."""


def _if(call: Call) -> Sequence[Value]:
    branches: list[GraphProto] = [call.node.attributes[name] for name in ("then_branch", "else_branch")]
    condition, around = call.input(0), call.around
    if condition.constant:
        return around.inlined(branches[0 if condition.array.reshape(()) else 1], [])
    captured = around.outer_values(branches)
    made: list[tuple[Graph, list[Value]]] = []
    for graph, name in zip(branches, ("then", "else"), strict=True):
        inside, ports = around.separate(name, captured, [])
        results = inside.graph_results(graph, [])
        made.append((inside.finished(name, ports, results), results))
    (then, first), (otherwise, second) = made
    same = [(v.shape, v.dtype) for v in first] == [(v.shape, v.dtype) for v in second]
    require(same, "branches whose results differ in shape or type")
    operands = [condition, *(around.value(name) for name in captured)]
    outputs = [(v.shape, v.dtype) for v in first]
    return call.build.emit_all(If, [call.build.stored(v) for v in operands], outputs, then=then, otherwise=otherwise)


def _loop(call: Call) -> Sequence[Value]:
    """Few steps are written out one after the other."""
    body: GraphProto = call.node.attributes["body"]
    states = [call.input(i) for i in range(2, len(call.inputs))]
    require(len(body.input) == 2 + len(states), "a body of another number of states")
    most = call.input(0) if call.has(0) else None
    condition = call.input(1) if call.has(1) else call.build.constant(np.asarray(True), "condition")
    count = int(most.array.reshape(())) if most is not None and most.constant else None
    if count is not None and condition.constant and max(count, 0) * len(body.node) <= _MOST_UNROLLED:
        try:
            return _unrolled(call, body, max(count, 0), bool(condition.array.reshape(())), states)
        except _ConditionComputed:
            pass
    return _While(call, body, most, count, condition, states).read()


def _unrolled(call: Call, body: "GraphProto", count: int, goes_on: bool, states: list[Value]) -> list[Value]:
    collected: list[list[Value]] = [[] for _ in body.output[1 + len(states) :]]
    for i in range(count):
        if not goes_on:
            break
        counter, condition = (call.build.constant(np.asarray(v), "step") for v in (np.int64(i), np.bool_(True)))
        on, *results = call.around.inlined(body, [counter, condition, *states])
        if not on.constant:
            raise _ConditionComputed
        goes_on = bool(on.array.reshape(()))
        for values, value in zip(collected, results[len(states) :], strict=True):
            values.append(call.build.reshape(value, (1, *value.shape)))
        states = results[: len(states)]
    require(all(collected), "nothing is collected in no steps")
    return [*states, *(joined(call, values, 0) for values in collected)]


class _While:
    """A loop whose steps are counted when the model runs. What it carries: the step, whether it goes on, the states,

    what is collected, how many steps there are at most, and what it reads from outside.
    """

    def __init__(
        self, call: Call, body: "GraphProto", most: Value | None, count: int | None, condition: Value,
        states: list[Value],
    ) -> None:  # fmt: skip
        self._call, self._body, self._most, self._count = call, body, most, count
        self._condition, self._states = condition, states

    def read(self) -> list[Value]:
        """The operator's outputs that the node has."""
        build, around = self._call.build, self._call.around
        captured = around.outer_values([self._body])
        step = build.constant(np.asarray(0, np.int64), "step")
        limits = [] if self._most is None else [self._most]
        fixed = [step, build.reshape(self._condition, ()), *(build.reshape(v, ()) for v in limits), *self._states]
        inside, ports = around.separate("body", captured, fixed)
        results, collected = self._step(inside, ports[len(captured) :])
        buffers = [build.constant(np.zeros((self._count or 0, *v.shape), v.dtype), "collected") for v in collected]
        if buffers:  # once more, now that it is known how large they are
            inside, ports = around.separate("body", captured, [*fixed, *buffers])
            results, collected = self._step(inside, ports[len(captured) :])
            kept = ports[len(captured) + len(fixed) :]
            results += [_stored(inside, *pair, ports[len(captured)]) for pair in zip(kept, collected, strict=True)]
        body = inside.finished("body", ports, [*ports[: len(captured)], *results])
        carried = [*(around.value(name) for name in captured), *fixed, *buffers]
        condition = self._goes_on(captured, [*fixed, *buffers])
        outputs = [(v.shape, v.dtype) for v in carried]
        values = build.emit_all(While, [build.stored(v) for v in carried], outputs, condition=condition, body=body)
        return values[len(captured) + 2 + len(limits) :]

    def _step(self, inside: Inside, ports: Sequence[Value]) -> tuple[list[Value], list[Value]]:
        """What is carried on, and what is collected."""
        first = 2 if self._most is None else 3
        states = ports[first : first + len(self._states)]
        on, *results = inside.graph_results(self._body, [ports[0], ports[1], *states])
        after, collected = results[: len(states)], results[len(states) :]
        always = on.tensor == ports[1].tensor and not on.constant and self._condition.constant
        always = always or (on.constant and bool(on.array.reshape(())))
        if collected and not (always and self._count is not None and 0 < self._count <= _MOST_STEPS):
            label = "the condition" if self._most is None else f"the number of steps (%{self._most.label})"
            raise Unsupported(f"it collects values, but {label} is not constant")
        same = [(v.shape, v.dtype) for v in after] == [(v.shape, v.dtype) for v in states]
        require(same, "states whose shape or type changes from step to step")
        inner = self._inner(inside)
        one = inner.build.constant(np.asarray(1, np.int64), "one")
        return [binary(inner, Add, ports[0], one), inner.build.reshape(on, ()), *ports[2:first], *after], collected

    def _inner(self, inside: Inside) -> Call:
        return Call(inside.build, self._call.node, (), (), inside)

    def _goes_on(self, captured: Sequence[str], carried: Sequence[Value]) -> Graph:
        """The graph of the condition."""
        inside, ports = self._call.around.separate("condition", captured, carried)
        step, verdict, *others = ports[len(captured) :]
        if self._most is not None:
            below = binary(self._inner(inside), Less, step, others[0], "bool")
            verdict = binary(self._inner(inside), LogicalAnd, below, verdict)
        return inside.finished("condition", ports, [verdict])


def _stored(inside: Inside, buffer: Value, value: Value, step: Value) -> Value:
    """The buffer with the value of this step."""
    build = inside.build
    first = np.zeros(buffer.rank, np.int64)
    first[0] = 1
    place = build.emit(Mul, (build.stored(step), build.literal(first, "first")), (buffer.rank,), "int64")
    operands = (build.stored(buffer), build.stored(build.reshape(value, (1, *value.shape))), build.stored(place))
    return build.emit(DynamicUpdateSlice, operands, buffer.shape, buffer.dtype)


def _scan(call: Call) -> Sequence[Value]:
    """Steps along axes of the inputs, written out one after the other."""
    node, build = call.node, call.build
    body: GraphProto = node.attributes["body"]
    values = [call.input(i) for i in range(len(call.inputs))]
    count = node.integer("num_scan_inputs", 1)
    require(1 <= count <= len(values) == len(body.input), f"{count} of {len(values)} inputs")
    states, rows = values[:-count], values[-count:]
    axes = [axis_of(a, v.rank) for a, v in zip(node.integers("scan_input_axes", (0,) * count), rows, strict=True)]
    steps = rows[0].shape[axes[0]]
    require(all(v.shape[a] == steps for v, a in zip(rows, axes, strict=True)), "inputs of different lengths")
    require(steps * len(body.node) <= _MOST_UNROLLED, f"{steps} steps; write it as a Loop, or as a recurrent layer")
    collected: list[list[Value]] = [[] for _ in body.output[len(states) :]]
    turned = node.integers("scan_input_directions", (0,) * count)
    for step in range(steps):
        parts = [_step_of(call, v, a, steps - 1 - step if back else step)
                 for v, a, back in zip(rows, axes, turned, strict=True)]  # fmt: skip
        results = call.around.inlined(body, [*states, *parts])
        states = results[: len(states)]
        for kept, value in zip(collected, results[len(states) :], strict=True):
            kept.append(value)
    axes = list(node.integers("scan_output_axes", (0,) * len(collected)))
    back = node.integers("scan_output_directions", (0,) * len(collected))
    made = []
    for kept, axis, turn in zip(collected, axes, back, strict=True):
        axis = axis_of(axis, kept[0].rank + 1)
        whole = [build.reshape(v, (*v.shape[:axis], 1, *v.shape[axis:])) for v in kept]
        made.append(joined(call, whole[::-1] if turn else whole, axis))
    return [*states, *made]


def _step_of(call: Call, x: Value, axis: int, step: int) -> Value:
    part = sliced(call, x, [range(step, step + 1) if a == axis else range(e) for a, e in enumerate(x.shape)])
    return call.build.reshape(part, (*x.shape[:axis], *x.shape[axis + 1 :]))


READERS: dict[str, Reader] = {"If": _if, "Loop": _loop, "Scan": _scan}
