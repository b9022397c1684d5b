"""The shape that two shapes broadcast to."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.kernels.move import CYCLES_PER_ELEMENT, c_type
from aot.ops.broadcast_args import BroadcastArgs


@dataclass(frozen=True)
class Ranks(Params):
    """`a_first` and `b_first`: how many dimensions the result has before theirs."""

    rank: int
    a_first: int
    b_first: int


def broadcast_args(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Of any index type."""
    assert isinstance(op, BroadcastArgs)
    a, b, y = op.operands(graph)
    params = Ranks(y.elements, y.elements - a.elements, y.elements - b.elements)
    cost = CYCLES_PER_ELEMENT * y.elements
    return Call(kernel, params, (a.name, b.name), (y.name,), {"type": c_type(y)}, cost=cost)
