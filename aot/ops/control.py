"""Control flow: operators that hold graphs of their own. Values go in and come out by position, as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aot.base.errors import AotError
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.common import require, require_shape

_MOST_STEPS = 100_000  # of a loop in the interpreter


@dataclass(frozen=True, kw_only=True)
class If(Op):
    """The outputs of one graph or of the other, by a condition, the first input; the other inputs go into the graph."""

    then: Graph
    otherwise: Graph

    def check(self, graph: Graph) -> None:
        require(len(self.inputs) > 0 and None not in self.inputs, "an input is missing")
        _require_condition(graph[self.inputs[0]])
        operands = [graph[name] for name in self.inputs[1:]]
        for inner in (self.then, self.otherwise):
            _require_same(operands, _tensors(inner, inner.inputs), "takes")
            outputs, given = _tensors(graph, self.outputs), _tensors(inner, inner.outputs)
            _require_shapes(outputs, given)
            _require_same(outputs, given, "gives")

    def macs(self, graph: Graph) -> int:
        return max(_macs(self.then), _macs(self.otherwise))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        condition, *operands = (values[str(name)] for name in self.inputs)
        return _run(self.then if condition.item() else self.otherwise, operands, rounding)


@dataclass(frozen=True, kw_only=True)
class While(Op):
    """The inputs, replaced by what `body` makes of them as long as `condition` says so of them."""

    condition: Graph
    body: Graph

    def check(self, graph: Graph) -> None:
        require(len(self.inputs) > 0 and None not in self.inputs, "an input is missing")
        operands = [graph[name] for name in self.inputs]
        for inner in (self.condition, self.body):
            _require_same(operands, _tensors(inner, inner.inputs), "takes")
        _require_same(operands, _tensors(self.body, self.body.outputs), "gives")
        outputs = _tensors(graph, self.outputs)
        _require_shapes(outputs, operands)
        _require_same(operands, outputs, "gives")
        verdicts = _tensors(self.condition, self.condition.outputs)
        require(len(verdicts) == 1, f"its condition gives {len(verdicts)} values; supported: 1")
        _require_condition(verdicts[0])

    def macs(self, graph: Graph) -> int:
        """Of one step: nobody knows how many there will be."""
        return _macs(self.condition) + _macs(self.body)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        carried = tuple(values[str(name)] for name in self.inputs)
        deciding, before, steps = self._deciding(), None, 0
        while steps < _MOST_STEPS and _run(self.condition, carried, rounding)[0].item():
            now = [carried[i].tobytes() for i in deciding]
            if now == before:
                raise AotError(f"{self._endless()}: they would never end", "other inputs: --inputs")
            if steps & (steps - 1) == 0:  # ever further apart, so that any circle is found
                before = now
            carried = _run(self.body, carried, rounding)
            steps += 1
        if steps == _MOST_STEPS:
            raise AotError(self._endless(), "other inputs: --inputs")
        return carried

    def _endless(self) -> str:
        return f"%{self.name} = While(...) takes more than {_MOST_STEPS:,} steps"

    def _deciding(self) -> list[int]:
        """Which of the values that are carried decide, in this step or a later one, whether there is a next one."""
        found = _sources(self.condition, {*self.condition.outputs})
        while True:
            more = found | _sources(self.body, {self.body.outputs[i] for i in found})
            if more == found:
                return sorted(found)
            found = more


def _tensors(graph: Graph, names: tuple[str, ...]) -> list[Tensor]:
    return [graph[name] for name in names]


def _require_condition(t: Tensor) -> None:
    require(t.dtype == "bool" and t.elements == 1, f"the condition %{t.name} is {t}; supported: one bool")


def _require_shapes(outputs: list[Tensor], given: list[Tensor]) -> None:
    for output, value in zip(outputs, given, strict=False):
        require_shape(output, value.shape)


def _require_same(outside: list[Tensor], inside: list[Tensor], verb: str) -> None:
    """Tensors outside a graph and those inside that stand for them: as many, of the same types and shapes."""
    require(len(outside) == len(inside), f"a graph {verb} {len(inside)} values instead of {len(outside)}")
    for a, b in zip(outside, inside, strict=True):
        same = (a.shape, a.dtype) == (b.shape, b.dtype)
        require(same, f"%{a.name} is {a}, but the graph inside {verb} %{b.name} as {b}")


def _macs(graph: Graph) -> int:
    return sum(op.macs(graph) for op in graph.ops)


def _sources(graph: Graph, wanted: set[str]) -> set[int]:
    """The inputs, by number, that the tensors `wanted` may depend on."""
    for op in reversed(graph.ops):
        if wanted.intersection(op.outputs):
            wanted |= {name for name in op.inputs if name is not None}
    return {i for i, name in enumerate(graph.inputs) if name in wanted}


def _run(graph: Graph, operands: Iterable[Array], rounding: str) -> tuple[Array, ...]:
    values = graph.values(dict(zip(graph.inputs, operands, strict=True)), rounding)
    return tuple(values[name] for name in graph.outputs)
