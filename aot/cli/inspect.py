"""What a model is made of, as one record: what `aot inspect` prints."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aot.cli.transposes import Kept, transposes_of
from aot.graph.ir import Graph, Op, Tensor
from aot.passes.check_operators import Problem, problems


@dataclass(frozen=True)
class OpSummary:
    """One operator: its tensors, the type and shape of what it computes, and its size; `macs` is None if unknown."""

    name: str
    op: str
    inputs: list[str | None]
    outputs: list[str]
    result: str
    macs: int | None
    weight_bytes: int


@dataclass(frozen=True)
class Inspection:
    """A model at a glance; `parameters` counts the elements of all constants that operators read."""

    ops: list[OpSummary]
    macs: int
    parameters: int
    parameter_bytes: int
    input_bytes: int
    output_bytes: int
    unsupported: tuple[Problem, ...]
    transposes: tuple[Kept, ...]


def inspect(graph: Graph) -> Inspection:
    """Summarize `graph`; operators that aot does not support count no multiply-accumulates."""
    unsupported = problems(graph)
    skipped = {id(problem.op) for problem in unsupported}
    ops = [_summary(graph, op, _is_skipped(op, skipped)) for op in graph.ops]
    read = _constants(graph)
    return Inspection(
        ops,
        sum(op.macs or 0 for op in ops),
        sum(t.elements for t in read),
        sum(t.bytes for t in read),
        _bytes(graph, graph.inputs),
        _bytes(graph, graph.outputs),
        unsupported,
        transposes_of(graph),
    )


def _is_skipped(op: Op, skipped: set[int]) -> bool:
    """Whether `op` is one of those, or holds one."""
    return id(op) in skipped or any(_is_skipped(o, skipped) for g in op.graphs.values() for o in g.ops)


def _summary(graph: Graph, op: Op, unsupported: bool) -> OpSummary:
    macs = None if unsupported else op.macs(graph)
    result = ", ".join(str(graph[name]) for name in op.outputs)
    weights = sum(t.bytes for t in _constants(replace(graph, ops=(op,))))
    return OpSummary(op.name, op.kind, list(op.inputs), list(op.outputs), result, macs, weights)


def _constants(graph: Graph) -> list[Tensor]:
    """The constants that operators read, each once, those of graphs inside them too."""
    names = dict.fromkeys(name for op in graph.ops for name in op.inputs)
    own = [graph[name] for name in names if name is not None and graph[name].constant]
    return own + [t for op in graph.ops for inner in op.graphs.values() for t in _constants(inner)]


def _bytes(graph: Graph, names: Iterable[str]) -> int:
    return sum(graph[name].bytes for name in names)
