"""What a model is made of, as one record: what `aot inspect` prints."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.passes.check_operators import Problem, problems


@dataclass(frozen=True)
class OpSummary:
    """One operator: its tensors and its multiply-accumulates."""

    name: str
    op: str
    inputs: list[str | None]
    outputs: list[str]
    macs: int


@dataclass(frozen=True)
class Inspection:
    """A model at a glance; `parameters` counts the elements of all constants that operators read."""

    ops: list[OpSummary]
    macs: int
    parameters: int
    parameter_bytes: int
    unsupported: tuple[Problem, ...]


def inspect(graph: Graph) -> Inspection:
    """Summarize `graph`; operators that aot does not support count no multiply-accumulates."""
    unsupported = problems(graph)
    skipped = {id(problem.op) for problem in unsupported}
    ops = [_summary(graph, op, id(op) in skipped) for op in graph.ops]
    read = {name for op in graph.ops for name in op.inputs if name is not None}
    constants = [graph[name] for name in sorted(read) if graph[name].constant]
    return Inspection(
        ops,
        sum(op.macs for op in ops),
        sum(t.elements for t in constants),
        sum(t.bytes for t in constants),
        unsupported,
    )


def _summary(graph: Graph, op: Op, unsupported: bool) -> OpSummary:
    macs = 0 if unsupported else op.macs(graph)
    return OpSummary(op.name, op.kind, list(op.inputs), list(op.outputs), macs)
