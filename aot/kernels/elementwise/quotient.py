"""Quotients of int8 and int16; those of reals and plain integers are lines in `binary`."""

from dataclasses import dataclass

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.scaling import scaling_of
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.binary import pair_loops
from aot.ops.common import clamp_range
from aot.ops.division import Div, quotient_scale


@dataclass(frozen=True)
class Quotient(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    b_zero: int
    multiplier: int
    shift: int
    zero_point: int
    min: int
    max: int


def quotient(kernel: AnyKernel, op: Div, graph: Graph, target: Target) -> Call:
    """By a fixed-point reciprocal of each divisor."""
    a, b, y = op.operands(graph)
    fit(not op.plain(a, b, y), f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    multiplier, shift, _ = scaling_of(quotient_scale(a, b, y), target.rounding)
    limits = clamp_range(op.activation, y)
    params = Quotient(size, a_stride, b_stride, a.zero_point, b.zero_point, multiplier, shift, y.zero_point, *limits)
    last_shift = 30 if target.rounding == "single" else 31  # `requantize_any` counts from another bit
    variant = {"rank": len(size), "type": C_TYPES[y.dtype], "last_shift": last_shift}
    work = per_element(y.dtype, y.elements)
    return Call(kernel, op, params, (a.name, b.name), (y.name,), variant, in_place=in_place, work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("quotient", "elementwise/quotient", (Div,), quotient, roundings=INTEGER_ROUNDINGS),
)
