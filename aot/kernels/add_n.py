"""Sums of any number of tensors."""

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Target
from aot.kernels.move import c_type
from aot.kernels.unary import Count
from aot.ops.add_n import AddN

_CYCLES = 4.0


def add_n(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32, and integers that wrap as unsigned ones do."""
    assert isinstance(op, AddN)
    xs, y = op.operands(graph)
    variant = {"inputs": len(xs), "type": c_type(y), "sum": "float" if y.dtype == "float32" else "uint32_t"}
    names = tuple(x.name for x in xs)
    cost = _CYCLES * y.elements * len(xs)
    return Call(kernel, Count(y.elements), names, (y.name,), variant, in_place=tuple(range(len(xs))), cost=cost)
