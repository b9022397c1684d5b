"""Outputs and next states that no kernel would write are copied: constants, what is listed twice, old states."""

from dataclasses import replace

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.reshape import Reshape
from aot.ops.split import Split
from aot.ops.transpose import Transpose
from aot.ops.view import View


def copy_outputs(graph: Graph) -> Graph:
    """Every output ends up in RAM, at a place of its own: the caller finds it there. Next states end up in RAM, too.

    What shows a state as it was at the start is copied, because that memory is overwritten in the end.
    """
    outputs: list[str] = []
    for name in graph.outputs:
        if graph[name].constant:
            graph = _computed(graph, name)
        elif name in outputs:
            graph, name = _duplicated(graph, name)
        elif _is_old_state(graph, name):
            graph = _shown(graph, name)
        outputs.append(name)
    return _with_next_states(replace(graph, outputs=tuple(outputs)))


def _with_next_states(graph: Graph) -> Graph:
    for i, state in enumerate(graph.state):
        if graph[state.next].constant:
            graph = _computed(graph, state.next)
        elif _is_old_state(graph, state.next):
            graph, name = _duplicated(graph, state.next)
            graph = replace(graph, state=(*graph.state[:i], replace(state, next=name), *graph.state[i + 1 :]))
    return graph


def _is_old_state(graph: Graph, name: str) -> bool:
    """Whether `name` is a state as it was when the run started, or may be a view of it, or of a part of it."""
    while isinstance(op := graph.producer(name), Reshape | Split | View) and not _is_copy(op):
        name = str(op.inputs[0])
    return any(name == state.current for state in graph.state)


def _is_copy(op: Op) -> bool:
    """Whether `op` is such as `_copy` makes, which the planner takes for no view."""
    return isinstance(op, Transpose) and op.permutation == tuple(range(len(op.permutation)))


def _computed(graph: Graph, name: str) -> Graph:
    """The constant `name` gets another name, and is copied to `name`."""
    source = graph.unused(f"{name}_constant")
    tensors = replace(graph[name], name=source), replace(graph[name], data=None)
    ops = (replace(op, inputs=tuple(source if i == name else i for i in op.inputs)) for op in graph.ops)
    copy = _copy(graph[name], source, name)
    return replace(graph.with_tensors(*tensors), ops=(copy, *ops))


def _shown(graph: Graph, name: str) -> Graph:
    """The old state `name` gets another name, and is copied to `name`, which the caller knows."""
    source = graph.unused(f"{name}_before")

    def new(old: str) -> str:
        return source if old == name else old

    ops = [
        replace(
            op, name=new(op.name), inputs=tuple(i and new(i) for i in op.inputs), outputs=tuple(map(new, op.outputs))
        )
        for op in graph.ops
    ]
    state = tuple(replace(s, current=new(s.current), next=new(s.next)) for s in graph.state)
    copy = _copy(graph[name], source, name)
    with_source = graph.with_tensors(replace(graph[name], name=source))
    return replace(with_source, ops=(*ops, copy), state=state)


def _duplicated(graph: Graph, name: str) -> tuple[Graph, str]:
    """`name` is copied to a new tensor, whose name is returned."""
    again = graph.unused(f"{name}_again")
    copy = _copy(graph[name], name, again)
    return replace(graph.with_tensors(replace(graph[name], name=again)), ops=(*graph.ops, copy)), again


def _copy(tensor: Tensor, source: str, name: str) -> Op:
    """The operator that copies `source`, which looks like `tensor`: all dimensions stay where they are."""
    return Transpose(name=name, inputs=(source,), outputs=(name,), permutation=tuple(range(len(tensor.shape))))
