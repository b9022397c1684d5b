"""Inputs and outputs of a quantized model are its codes: conversions at its ends that are only notation go."""

from dataclasses import replace

from aot.graph.ir import Graph, Op, prune_tensors
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize
from aot.passes.integer_forms import has_notation, without_notation


def code_ports(graph: Graph) -> Graph:
    """`graph` with codes for the float32 inputs that are only read as such, and for the outputs that are made of some.

    The ports keep their names. Conversions that are left are meant as they stand.
    """
    if not has_notation(graph):
        return graph
    for name in graph.inputs:
        graph = _coded_input(graph, name)
    for name in graph.outputs:
        graph = _coded_output(graph, name)
    return without_notation(prune_tensors(graph))


def _coded_input(graph: Graph, name: str) -> Graph:
    readers = graph.consumers(name)
    codes = {(graph[op.outputs[0]].dtype, graph[op.outputs[0]].quant) for op in readers}
    if len(codes) != 1 or name in graph.wanted or not all(isinstance(op, Quantize) and op.notation for op in readers):
        return graph
    made = [op.outputs[0] for op in readers]
    if any(n in graph.wanted for n in made):
        return graph
    ((dtype, quant),) = codes
    graph = graph.with_tensors(replace(graph[name], dtype=dtype, quant=quant))
    return _without(graph, readers, dict.fromkeys(made, name))


def _coded_output(graph: Graph, name: str) -> Graph:
    maker = graph.producer(name)
    if not isinstance(maker, Dequantize) or not maker.notation or graph.consumers(name):
        return graph
    codes = graph[maker.inputs[0]]
    if codes.name in (*graph.given, *graph.wanted) or codes.constant or graph.outputs.count(name) > 1:
        return graph
    graph = graph.with_tensors(replace(codes, name=name, label=graph[name].label))
    return _without(graph, (maker,), {codes.name: name})


def _without(graph: Graph, gone: tuple[Op, ...], names: dict[str, str]) -> Graph:
    """The graph without some operators, and with other names for some tensors."""
    ops = tuple(
        replace(
            op,
            name=names.get(op.name, op.name),
            inputs=tuple(None if n is None else names.get(n, n) for n in op.inputs),
            outputs=tuple(names.get(n, n) for n in op.outputs),
        )
        for op in graph.ops
        if op not in gone
    )
    return replace(graph, ops=ops)
