"""Sums and differences of tensors of one shape for RISC-V's vectors."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import FIXED, RVV, AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.scaling import OperandScale, operand_scale, scaling_of
from aot.ops.add import Add, Sub
from aot.ops.common import clamp_range

_LANES = 32  # elements at a time of vectors of 128 bits


@dataclass(frozen=True)
class AddRvv(Params):
    """An operand is q * 2^bits + offset, and that times its scale: multiplier / 2^(31 + shift)."""

    count: int
    a_offset: int
    a_multiplier: int | None
    a_shift: int | None
    b_offset: int
    b_multiplier: int | None
    b_shift: int | None
    multiplier: int
    shift: int
    zero: int
    min: int
    max: int


def add_rvv(kernel: AnyKernel, op: Add | Sub, graph: Graph, target: Target) -> Call:
    """Of int8 tensors, element by element."""
    x, y, z = op.operands(graph)
    for t in (x, y, z):
        fit(t.dtype == "int8", f"%{t.name} is {t.dtype}")
        fit(t.shape == z.shape, f"%{t.name} is repeated")
    scaling = op.scaling(x, y, z)
    assert scaling.y is not None
    a, b = (operand_scale(s, scaling.bits, t.zero_point, target) for s, t in ((scaling.a, x), (scaling.b, y)))
    multiplier, shift, function = scaling_of(scaling.y, target.rounding)
    fit(function == "requantize", "the output's scale is too large for a shift to the right alone")
    _fit_shifts(a, b)
    scales = a.offset, a.multiplier, a.shift, b.offset, b.multiplier, b.shift, multiplier, shift
    low, high = clamp_range(op.fused(), z)
    return Call(
        kernel,
        op,
        AddRvv(z.elements, *scales, z.zero_point, int(low), int(high)),
        (x.name, y.name),
        (z.name,),
        {
            "bits": {"a": a.bits, "b": b.bits},
            "functions": {"a": a.function, "b": b.function},
            "subtract": isinstance(op, Sub),
        },
        in_place=(0, 1),
        work={"calls": 1, "vectors": -(-z.elements // _LANES)},
    )


def _fit_shifts(*operands: OperandScale) -> None:
    for operand in operands:
        fit(operand.function != "requantize_any", "an operand's scale is too large for a shift to the right alone")


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("add_s8_rvv", "elementwise/rvv/add_s8_rvv", (Add, Sub), add_rvv, RVV, roundings=FIXED),
)
