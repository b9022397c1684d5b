"""Operators on two tensors whose quantized operands are brought to one scale: sums, differences, comparisons."""

from dataclasses import dataclass

from aot.fixedpoint import Multiplier
from aot.interface import C_TYPES
from aot.ir import Graph, Op, Tensor
from aot.kernels.binary import RESULTS, WRAPPING, pair_loops
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.output import TensorOutput, fixed_output, scaling_of
from aot.ops.common import QUANTIZED_TYPES, clamp_range
from aot.ops.scaled_binary import ScaledBinary

_CYCLES = 22.0


@dataclass(frozen=True)
class BinaryScaled(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    a_multiplier: int
    a_shift: int
    b_zero: int
    b_multiplier: int
    b_shift: int
    output: TensorOutput | None


def _output(op: ScaledBinary, y: Tensor, scale: float | None, rounding: str) -> TensorOutput | None:
    """What brings the result to the scale of `y`; nothing for booleans."""
    if scale is None:
        return None
    return fixed_output(Multiplier.of(scale, rounding), y, clamp_range(op.fused(), y), rounding)


def _result(op: ScaledBinary, output: TensorOutput | None) -> str:
    if output is None:
        return RESULTS[op.kind]
    return f"{output.c_name}(&p->output, 0, {WRAPPING[op.kind].format(x='x', y='y')})"


def binary_scaled(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8 and int16."""
    assert isinstance(op, ScaledBinary)
    a, b, y = op.operands(graph)
    scaling = op.scaling(a, b, y) if a.dtype in QUANTIZED_TYPES else None
    fit(scaling is not None, f"%{a.name} is {a.dtype}, which is not scaled")
    assert scaling is not None
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    a_multiplier, a_shift, a_function = scaling_of(scaling.a, target.rounding)
    b_multiplier, b_shift, b_function = scaling_of(scaling.b, target.rounding)
    output = _output(op, y, scaling.y, target.rounding)
    params = BinaryScaled(
        size, a_stride, b_stride, a.zero_point, a_multiplier, a_shift, b.zero_point, b_multiplier, b_shift, output
    )
    variant = {
        "rank": len(size),
        "type": C_TYPES[a.dtype],
        "out_type": C_TYPES[y.dtype],
        "bits": scaling.bits,
        "result": _result(op, output),
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
        cost=_CYCLES * y.elements,
    )
