"""Softmax along the last axis, in integers: the float32 arithmetic of its definition, done exactly."""

from dataclasses import dataclass

import numpy as np

from aot.ir import Array, Graph, Op
from aot.kernels.call import Call, Constant, Kernel, Params, Target
from aot.ops.softmax import Softmax, exp_table

_CYCLES_PER_ELEMENT = 100.0


@dataclass(frozen=True)
class SoftmaxS8(Params):
    """`exp` holds the bits of float32 values: the weight of an element by its distance from the row's maximum."""

    exp: Constant
    rows: int
    depth: int


def _bits(table: Array) -> Array:
    """The bits of each float; what is below the normal numbers vanishes beside the row's maximum, whose weight is 1."""
    normal = np.where(table < np.finfo(np.float32).tiny, np.float32(0), table).astype(np.float32)
    return np.trim_zeros(normal, "b").view(np.int32)


def softmax_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8 -> int8."""
    assert isinstance(op, Softmax)
    x, y = op.operands(graph)
    bits = _bits(exp_table(x.scale, op.beta))
    params = SoftmaxS8(Constant(f"{y.name}_exp", bits), y.elements // y.shape[-1], y.shape[-1])
    variant = {"entries": len(bits)}
    cost = _CYCLES_PER_ELEMENT * y.elements
    return Call(kernel, params, (x.name,), (y.name,), variant, in_place=(0,), cost=cost)
