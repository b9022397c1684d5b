"""Sequences turned around up to a length that is known at run time."""

import math
from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.work import copied
from aot.kernels.move.parts import c_type
from aot.ops.reverse_sequence import ReverseSequence


@dataclass(frozen=True)
class Sequences(Params):
    """Loops: before both axes, along the first, between them, along the second, over the run of elements behind.

    A sequence has `steps` steps, which lie `stride` elements apart.
    """

    outer: int
    first: int
    between: int
    second: int
    run: int
    steps: int
    stride: int


def reverse_sequence(kernel: AnyKernel, op: ReverseSequence, graph: Graph, target: Target) -> Call:
    """Of every type."""
    x, lengths, y = op.operands(graph)
    first, second = sorted((op.axis, op.batch_axis))
    around = (slice(first), slice(first + 1, second), slice(second + 1, None))
    outer, between, run = (math.prod(x.shape[part]) for part in around)
    stride = math.prod(x.shape[op.axis + 1 :])
    params = Sequences(outer, x.shape[first], between, x.shape[second], run, x.shape[op.axis], stride)
    step, batch = ("i", "j") if op.axis == first else ("j", "i")
    variant = {"type": c_type(y), "length_type": c_type(lengths), "step": step, "batch": batch}
    return Call(kernel, op, params, (x.name, lengths.name), (y.name,), variant, work=copied(y, 0))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("reverse_sequence", "move/reverse_sequence", (ReverseSequence,), reverse_sequence),
)
