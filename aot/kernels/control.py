"""Control flow: what a call of it is, before the graphs inside are lowered."""

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.ops.control import If, While


def if_then_else(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """One graph or the other."""
    assert isinstance(op, If)
    return _call(kernel, op, graph)


def while_loop(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """The outputs hold what is carried from step to step: each may begin where its input lies."""
    assert isinstance(op, While)
    return _call(kernel, op, graph, tuple((i, i) for i in range(len(op.outputs))))


def _call(kernel: Kernel, op: Op, graph: Graph, updates: tuple[tuple[int, int], ...] = ()) -> Call:
    inputs = tuple(name for name in op.inputs if name is not None)
    return Call(kernel, Params(), inputs, op.outputs, updates=updates, cost=float(op.macs(graph)))
