"""The shape that two shapes broadcast to."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.work import per_element
from aot.kernels.move.parts import c_type
from aot.ops.broadcast_args import BroadcastArgs


@dataclass(frozen=True)
class Ranks(Params):
    """`a_first` and `b_first`: how many dimensions the result has before theirs."""

    rank: int
    a_first: int
    b_first: int


def broadcast_args(kernel: AnyKernel, op: BroadcastArgs, graph: Graph, target: Target) -> Call:
    """Of any index type."""
    a, b, y = op.operands(graph)
    params = Ranks(y.elements, y.elements - a.elements, y.elements - b.elements)
    work = per_element(y.dtype, y.elements)
    return Call(kernel, op, params, (a.name, b.name), (y.name,), {"type": c_type(y)}, work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("broadcast_args", "move/broadcast_args", (BroadcastArgs,), broadcast_args),)
