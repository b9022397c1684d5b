"""Equal constants become one, in graphs inside control flow, too: flash holds each array once."""

from dataclasses import replace

from aot.graph.ir import Graph, Op, Tensor, prune_tensors

Contents = tuple[object, ...]


def share_constants(graph: Graph) -> Graph:
    """The operators read the first of the constants that have the same elements, shape, type and scale."""
    return _shared(graph, {})


def _shared(graph: Graph, first: dict[Contents, Tensor]) -> Graph:
    """The same; `first` are the constants of the graphs around it, to which those of this one are added."""
    for t in graph.tensors.values():
        if t.constant:
            first.setdefault(_contents(t), t)
    constants = [(name, first[_contents(t)]) for name, t in graph.tensors.items() if t.constant]
    new = {old: t for old, t in constants if t.name == old or t.name not in graph.tensors or graph[t.name] is t}
    ops = tuple(_renamed(op, new).with_graphs(lambda inner: _shared(inner, first)) for op in graph.ops)
    return prune_tensors(replace(graph.with_tensors(*new.values()), ops=ops))


def _contents(t: Tensor) -> Contents:
    return t.dtype, t.shape, t.quant, t.values.tobytes()


def _renamed(op: Op, new: dict[str, Tensor]) -> Op:
    return replace(op, inputs=tuple(new[name].name if name in new else name for name in op.inputs))
