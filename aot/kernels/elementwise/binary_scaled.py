"""Operators on two tensors whose quantized operands are brought to one scale: sums, differences, comparisons."""

from dataclasses import dataclass

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, DoesNotFit, Kernel, Params, Target
from aot.kernels.common.output import Output, fixed_output
from aot.kernels.common.scaling import operand_scale
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.binary import RESULTS, WRAPPING, pair_loops
from aot.ops.add import Add, Sub
from aot.ops.common import QUANTIZED_TYPES, clamp_range
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.scaled_binary import ScaledBinary
from aot.ops.squared_difference import SquaredDifference


@dataclass(frozen=True)
class BinaryScaled(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_offset: int
    a_multiplier: int | None
    a_shift: int | None
    b_offset: int
    b_multiplier: int | None
    b_shift: int | None
    output: Output | None


def _output(op: ScaledBinary, y: Tensor, scale: float | None, target: Target) -> Output | None:
    """What brings the result to the scale of `y`; nothing for booleans."""
    if scale is None:
        return None
    return fixed_output(Multiplier.of(scale, target.rounding), y, clamp_range(op.fused(), y), target)


def binary_scaled(kernel: AnyKernel, op: ScaledBinary, graph: Graph, target: Target) -> Call:
    """int8 and int16."""
    x, y, z = op.operands(graph)
    scaling = op.scaling(x, y, z) if x.dtype in QUANTIZED_TYPES else None
    if scaling is None:
        raise DoesNotFit(f"%{x.name} is {x.dtype}, which is not scaled")
    (size, a_stride, b_stride), in_place = pair_loops(x, y, z)
    a = operand_scale(scaling.a, scaling.bits, x.zero_point, target)
    b = operand_scale(scaling.b, scaling.bits, y.zero_point, target)
    output = _output(op, z, scaling.y, target)
    scales = a.offset, a.multiplier, a.shift, b.offset, b.multiplier, b.shift
    variant = {
        "rank": len(size),
        "type": C_TYPES[x.dtype],
        "out_type": C_TYPES[z.dtype],
        "bits": {"a": a.bits, "b": b.bits},
        "functions": {"a": a.function, "b": b.function},
        "result": RESULTS[op.kind] if output is None else WRAPPING[op.kind].format(x="x", y="y"),
        "stage": None if output is None else output.stage,
    }
    return Call(
        kernel,
        op,
        BinaryScaled(size, a_stride, b_stride, *scales, output),
        (x.name, y.name),
        (z.name,),
        variant,
        in_place=in_place,
        work=per_element(x.dtype, z.elements),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("binary_scaled", "elementwise/binary_scaled", (Add, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual,
           SquaredDifference, Sub), binary_scaled, roundings=INTEGER_ROUNDINGS),
)  # fmt: skip
