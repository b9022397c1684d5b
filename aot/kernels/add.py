"""Elementwise addition with broadcasting."""

from dataclasses import dataclass

from aot.fixedpoint import Multiplier
from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.loops import broadcast_strides, merge
from aot.kernels.output import TensorOutput, fixed_output, scaling_of
from aot.ops.add import Add, add_scales
from aot.ops.common import clamp_range

_CYCLES_INT8 = 22.0
_CYCLES_FLOAT = 8.0


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


@dataclass(frozen=True)
class AddF32(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]


def _loops(op: Add, graph: Graph) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Sizes and both strides of the merged loops; and the inputs whose memory the output may take over."""
    a, b, y = op.operands(graph)
    loops = merge(y.shape, broadcast_strides(a, y.shape), broadcast_strides(b, y.shape))
    return loops, tuple(i for i, operand in enumerate((a, b)) if operand.elements == y.elements)


def add_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8."""
    assert isinstance(op, Add)
    a, b, y = op.operands(graph)
    fit(y.dtype == "int8", f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = _loops(op, graph)
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
        helpers=(a_function, b_function),
    )


def add_f32(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32."""
    assert isinstance(op, Add)
    a, b, y = op.operands(graph)
    fit(y.dtype == "float32", f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = _loops(op, graph)
    low, high = op.activation.value
    variant = {"rank": len(size), "min": low, "max": high}
    cost = _CYCLES_FLOAT * y.elements
    return Call(
        kernel, AddF32(size, a_stride, b_stride), (a.name, b.name), (y.name,), variant, in_place=in_place, cost=cost
    )
