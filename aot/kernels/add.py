"""Elementwise addition and subtraction of int8 with broadcasting."""

from dataclasses import dataclass

from aot.fixedpoint import Multiplier
from aot.ir import Graph, Op
from aot.kernels.binary import pair_loops
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.output import TensorOutput, fixed_output, scaling_of
from aot.ops.add import Add, add_scales
from aot.ops.common import clamp_range

_CYCLES_INT8 = 22.0


@dataclass(frozen=True)
class AddS8(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    a_multiplier: int
    a_shift: int
    b_zero: int
    b_multiplier: int
    b_shift: int
    output: TensorOutput


def add_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8."""
    assert isinstance(op, Add)
    a, b, y = op.operands(graph)
    fit(y.dtype == "int8", f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    scale_a, scale_b, scale_y = add_scales(a, b, y)
    a_multiplier, a_shift, a_function = scaling_of(scale_a, target.rounding)
    b_multiplier, b_shift, b_function = scaling_of(scale_b, target.rounding)
    limits = clamp_range(op.activation, y)
    output = fixed_output(Multiplier.of(scale_y, target.rounding), y, limits, target.rounding)
    params = AddS8(
        size,
        a_stride,
        b_stride,
        a.zero_point,
        a_multiplier,
        a_shift,
        b.zero_point,
        b_multiplier,
        b_shift,
        output,
    )
    variant = {
        "rank": len(size),
        "sign": "-" if op.sign < 0 else "+",
        "output": output.c_name,
        "a_function": a_function,
        "b_function": b_function,
    }
    return Call(
        kernel,
        params,
        (a.name, b.name),
        (y.name,),
        variant,
        in_place=in_place,
        cost=_CYCLES_INT8 * y.elements,
    )
