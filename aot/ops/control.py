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
        for _ in range(_MOST_STEPS):
            if not _run(self.condition, carried, rounding)[0].item():
                return carried
            carried = _run(self.body, carried, rounding)
        raise AotError(f"%{self.name} = While(...) takes more than {_MOST_STEPS:,} steps", "other inputs: --inputs")


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


def _run(graph: Graph, operands: Iterable[Array], rounding: str) -> tuple[Array, ...]:
    values = graph.values(dict(zip(graph.inputs, operands, strict=True)), rounding)
    return tuple(values[name] for name in graph.outputs)
