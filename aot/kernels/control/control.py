"""Control flow: what a call of it is, before the graphs inside are lowered."""

from aot.graph.ir import Graph, Op
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.ops.control import If, While


def if_then_else(kernel: AnyKernel, op: If, graph: Graph, target: Target) -> Call:
    """One graph or the other."""
    return _call(kernel, op, graph)


def while_loop(kernel: AnyKernel, op: While, graph: Graph, target: Target) -> Call:
    """The outputs hold what is carried from step to step: each may begin where its input lies."""
    return _call(kernel, op, graph, tuple((i, i) for i in range(len(op.outputs))))


def _call(kernel: AnyKernel, op: Op, graph: Graph, updates: tuple[tuple[int, int], ...] = ()) -> Call:
    inputs = tuple(name for name in op.inputs if name is not None)
    return Call(kernel, op, Params(), inputs, op.outputs, updates=updates)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("if_then_else", "control/if_then_else", (If,), if_then_else),
    Kernel("while_loop", "control/while_loop", (While,), while_loop),
)
