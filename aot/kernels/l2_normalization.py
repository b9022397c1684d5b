"""Rows divided by their length."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target
from aot.ops.l2_normalization import L2Normalization

_CYCLES_PER_ELEMENT = 20.0


@dataclass(frozen=True)
class L2NormalizationParams(Params):
    rows: int
    depth: int


def l2_normalization(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32."""
    assert isinstance(op, L2Normalization)
    x, y = op.operands(graph)
    params = L2NormalizationParams(y.elements // y.shape[-1], y.shape[-1])
    return Call(kernel, params, (x.name,), (y.name,), in_place=(0,), cost=_CYCLES_PER_ELEMENT * y.elements)
