"""PRELU of int8; of float32 it is a line in `binary`."""

from dataclasses import dataclass

from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.scaling import fast_scaling
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.binary import pair_loops
from aot.ops.common import Activation, clamp_range, float_ratio
from aot.ops.mul import mul_scale
from aot.ops.prelu import Prelu


@dataclass(frozen=True)
class PreluS8(Params):
    """`a` is the input, `b` the slopes."""

    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    b_zero: int
    above_multiplier: int
    above_shift: int
    below_multiplier: int
    below_shift: int
    zero_point: int
    min: int
    max: int


def prelu_s8(kernel: AnyKernel, op: Prelu, graph: Graph, target: Target) -> Call:
    """Two scales: of what is not negative, and of products."""
    x, alpha, y = op.operands(graph)
    fit(y.dtype == "int8", f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(x, alpha, y)
    above_multiplier, above_shift, above_function = fast_scaling(float_ratio(x, y), target)
    below_multiplier, below_shift, below_function = fast_scaling(mul_scale(x, alpha, y), target)
    above, below = (above_multiplier, above_shift), (below_multiplier, below_shift)
    limits = clamp_range(Activation.NONE, y)
    params = PreluS8(size, a_stride, b_stride, x.zero_point, alpha.zero_point, *above, *below, y.zero_point, *limits)
    functions = {"above_function": above_function, "below_function": below_function}
    variant = {"rank": len(size), **functions}
    return Call(
        kernel,
        op,
        params,
        (x.name, alpha.name),
        (y.name,),
        variant,
        in_place=in_place,
        work=per_element(x.dtype, y.elements),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("prelu_s8", "elementwise/prelu_s8", (Prelu,), prelu_s8, roundings=INTEGER_ROUNDINGS),
)
