"""Graph -> what a .tflite file lists: subgraphs of tensors and operators, in order, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from aot.base.errors import AotError
from aot.frontends.tflite.operators import OPERATORS, Record
from aot.frontends.tflite.operators.bidirectional import with_reversed_steps
from aot.frontends.tflite.operators.records import Indices, NotInFiles
from aot.frontends.tflite.rephrase import rephrased
from aot.frontends.tflite.variables import HANDLE, reset_value
from aot.graph.identifiers import Names
from aot.graph.ir import Graph, Op, State, Tensor, prune_tensors

_WRITERS = {operator.kind: operator for operator in OPERATORS if operator.write is not None}


@dataclass(frozen=True)
class Line:
    """An operator: inputs and outputs as the file has them, index tensors included; None is one left out."""

    builtin: str
    record: Record
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    subgraphs: Mapping[str, int] = field(default_factory=dict)
    intermediates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A subgraph; `variables` are the tensors that are marked as such."""

    name: str
    tensors: tuple[Tensor, ...]
    lines: tuple[Line, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    variables: frozenset[str] = frozenset()


def parts_of(graph: Graph) -> list[Part]:
    """The subgraphs of the file, the main one first. Raises AotError for an operator that it cannot say."""
    graph = _pruned(graph)
    graphs = list(_all(graph.name, graph))
    names = Names()
    for _, one in graphs:  # first: so they are the first to claim their names when the file is read
        for name in one.tensors:
            names.unique(name)
    numbers = {id(one): i for i, (_, one) in enumerate(graphs)}
    for op in graph.ops:
        _require_memory(graph, op)
    main, *others = (_part(name, one, names, numbers) for name, one in graphs)
    resources = [state for state in graph.state if not _is_updated(graph, state)]
    if not resources:
        return [main, *others]
    main = _with_resources(main, resources, names, len(graphs))
    return [main, *others, _initial(graph, resources, names)]


def _pruned(graph: Graph) -> Graph:
    lean = prune_tensors(rephrased(with_reversed_steps(graph)))
    return replace(lean, ops=tuple(op.with_graphs(_pruned) for op in lean.ops))


def _all(name: str, graph: Graph) -> Iterator[tuple[str, Graph]]:
    yield name, graph
    for op in graph.ops:
        for inner_name, inner in op.graphs.items():
            yield from _all(inner_name, inner)


def _part(name: str, graph: Graph, names: Names, numbers: Mapping[int, int]) -> Part:
    updated = [state for state in graph.state if _is_updated(graph, state)]
    silent = {state.next for state in updated}  # which the file knows as the variable itself
    tensors = [t for t in graph.tensors.values() if t.name not in silent]
    lines = []
    for op in graph.ops:
        builtin, record = _record(op, graph)
        extra = [_index_tensor(names.unique(f"{op.name}_{key}"), values) for key, values in record.indices.items()]
        tensors += extra
        subgraphs = {key: numbers[id(inner)] for key, inner in record.subgraphs.items()}
        outputs = tuple(o for o in op.outputs if o not in silent)
        inside = [Tensor(names.unique(f"{op.name}_{key}"), (0,), "int8", q) for key, q in record.intermediates.items()]
        tensors += inside
        inputs = _inputs(op, record, extra)
        lines.append(Line(builtin, record, inputs, outputs, subgraphs, tuple(t.name for t in inside)))
    variables = frozenset(state.current for state in updated)
    return Part(name, tuple(tensors), tuple(lines), graph.inputs, graph.outputs, variables)


def _is_updated(graph: Graph, state: State) -> bool:
    """Whether a state is a variable tensor: one that an operator updates, and that begins as zero."""
    op = graph.producer(state.next)
    updates = _WRITERS[type(op)].updates if op is not None and type(op) in _WRITERS else ()
    held = op is not None and state.current in [op.inputs[i] for i in updates]
    if held and not np.array_equal(state.initial, reset_value(graph[state.current])):
        raise AotError(f"%{state.current} is a variable tensor that begins as others cannot in a .tflite file")
    return held


def _require_memory(graph: Graph, op: Op) -> None:
    """What an operator updates is remembered by the whole graph, in a file."""
    updates = _WRITERS[type(op)].updates if type(op) in _WRITERS else ()
    remembered = {state.current for state in graph.state}
    if not remembered.issuperset(op.inputs[i] for i in updates):
        raise NotInFiles(op, "where it remembers what the run before left")


def _inputs(op: Op, record: Record, extra: list[Tensor]) -> tuple[str | None, ...]:
    """Index tensors stand where the record says."""
    inputs = list(op.inputs)
    place = len(inputs) if record.place is None else record.place
    inputs[place:place] = [t.name for t in extra]
    return tuple([inputs[i] for i in record.order] or inputs)


def _record(op: Op, graph: Graph) -> tuple[str, Record]:
    """What the file calls `op`, and what it says of it."""
    operator = _WRITERS.get(type(op))
    if operator is None or operator.write is None:
        raise NotInFiles(op, "which has no such operator")
    return operator.builtin, operator.write(op, graph)


def _index_tensor(name: str, values: Indices) -> Tensor:
    data = np.array(values, np.int32)
    return Tensor(name, data.shape, "int32", data=data, label=name)


def _with_resources(part: Part, states: list[State], names: Names, number: int) -> Part:
    """States as resources: initialized once by subgraph `number`, read at the beginning, assigned at the end."""
    first = [Line("CALL_ONCE", Record(1, "CallOnceOptions", {"InitSubgraphIndex": number}), (), ())]
    last, tensors = [], {t.name: t for t in part.tensors}
    read = {state.current: names.unique(f"{state.current}_read") for state in states}
    for state in states:
        handle = Tensor(names.unique(f"{state.current}_handle"), (), HANDLE)
        value = replace(tensors.pop(state.current), name=read[state.current])
        tensors |= {handle.name: handle, value.name: value}
        first += [_handle(state, handle), Line("READ_VARIABLE", _READ, (handle.name,), (value.name,))]
        last.append(Line("ASSIGN_VARIABLE", _ASSIGN, (handle.name, state.next), ()))
    lines = [
        replace(line, inputs=tuple(None if name is None else read.get(name, name) for name in line.inputs))
        for line in (*first, *part.lines, *last)
    ]
    outputs = tuple(read.get(name, name) for name in part.outputs)
    return replace(part, tensors=tuple(tensors.values()), lines=tuple(lines), outputs=outputs)


def _initial(graph: Graph, states: list[State], names: Names) -> Part:
    """The subgraph that gives resources their first values."""
    lines, tensors = [], []
    for state in states:
        handle = Tensor(names.unique(f"{state.current}_handle"), (), HANDLE)
        value = replace(graph[state.current], name=names.unique(f"{state.current}_initial"), data=state.initial)
        tensors += [handle, value]
        lines += [_handle(state, handle), Line("ASSIGN_VARIABLE", _ASSIGN, (handle.name, value.name), ())]
    return Part("initial", tuple(tensors), tuple(lines), (), ())


_READ, _ASSIGN = Record(1, "ReadVariableOptions"), Record(1, "AssignVariableOptions")


def _handle(state: State, handle: Tensor) -> Line:
    return Line("VAR_HANDLE", Record(1, "VarHandleOptions", {"SharedName": state.current}), (), (handle.name,))
