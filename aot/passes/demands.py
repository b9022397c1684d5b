"""Which codes the readers of float32 tensors make of them, and which operators leave it to others what codes mean."""

from collections.abc import Iterable, Iterator

from aot.graph.ir import Graph, Op, Quant
from aot.ops.pool2d import AveragePool2D
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu
from aot.ops.resize import ResizeBilinear

Coding = tuple[str, Quant]  # the type of codes, and what they stand for


def keeps_codes(op: Op) -> bool:
    """Whether the results are codes of the operands, so that it does not matter when reals become codes."""
    moves = op.scheme.operands == "shared" and not isinstance(op, AveragePool2D | ResizeBilinear)
    return moves or isinstance(op, Relu)


def real_names(names: Iterable[str | None], graph: Graph) -> list[str]:
    """Those of float32 tensors."""
    return [n for n in names if n is not None and graph[n].dtype == "float32"]


def demands(graph: Graph) -> dict[str, Coding]:
    """For each float32 tensor the codes that all its readers make of it, where they are the same for all."""
    asked: dict[str, set[Coding | None]] = {name: {None} for name in graph.wanted}
    for op in reversed(graph.ops):
        for name, coding in _asked_by(op, graph, asked):
            asked.setdefault(name, set()).add(coding)
    agreed = ((name, _agreed(codings)) for name, codings in asked.items())
    return {name: coding for name, coding in agreed if coding is not None}


def _asked_by(op: Op, graph: Graph, asked: dict[str, set[Coding | None]]) -> Iterator[tuple[str, Coding | None]]:
    """What an operator wants of each of its float32 inputs."""
    coding: Coding | None = None
    if isinstance(op, Quantize) and op.notation:
        _, y = op.operands(graph)
        coding = (y.dtype, y.quantization)
    elif keeps_codes(op):
        coding = _agreed(set().union(*(asked.get(name, set()) for name in real_names(op.outputs, graph))))
    yield from ((name, coding) for name in real_names(op.inputs, graph))


def _agreed(codings: set[Coding | None]) -> Coding | None:
    return next(iter(codings)) if len(codings) == 1 else None
