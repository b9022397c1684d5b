"""What is wrong with the graph that a .tflite file describes, where each of its tables may be right."""

from collections.abc import Sequence
from contextlib import suppress

from aot.frontends.tflite.variables import HANDLE
from aot.graph.ir import Graph, Tensor, Unsupported


def fault_of(graph: Graph, ports: Sequence[Tensor], inside: bool) -> str | None:
    """What is wrong with how the graph's parts refer to each other, or None; `inside` an operator it may lack ports."""
    handle = next((t for t in ports if t.dtype == HANDLE), None)
    if handle is not None:
        return f"%{handle.name} stands for a variable, and may only be read and assigned"
    if not inside and not (graph.inputs and graph.outputs):
        return f"it has no {'outputs' if graph.inputs else 'inputs'}"
    if len(set(graph.inputs)) < len(graph.inputs):
        return "one tensor is among the inputs twice"
    for name in graph.inputs:
        if graph[name].constant:
            return f"its input %{name} is a constant"
    return order_fault(graph)


def order_fault(graph: Graph) -> str | None:
    """An operator that uses what is not there yet, or computes what is; an output that nothing computes."""
    known = {*graph.given, *(name for name, t in graph.tensors.items() if t.constant)}
    for op in graph.ops:
        for name in op.inputs:
            if name is not None and name not in known:
                return f"{op.kind} uses %{name} before it is computed"
        for name in op.outputs:
            if name in known:
                return f"{op.kind} computes %{name}, which is there already"
            known.add(name)
    missing = [name for name in graph.wanted if name not in known]
    return f"its output %{missing[0]} is never computed" if missing else None


def probe(graph: Graph) -> None:
    """Ask every operator whether it is supported, for what is raised where it lacks operands: the file is at fault."""
    for op in graph.ops:
        for inner in op.graphs.values():
            probe(inner)
        with suppress(Unsupported):
            op.check(graph)
