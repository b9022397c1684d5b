"""Sums of any number of tensors."""

from dataclasses import dataclass

from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.output import Output, fixed_output
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.unary import Count
from aot.kernels.move.parts import c_type
from aot.ops.add_n import SUM_BITS, AddN, sum_scale
from aot.ops.common import Activation, clamp_range


@dataclass(frozen=True)
class AddNS8(Params):
    """`zero` is the sum of all zero points."""

    count: int
    zero: int
    output: Output


def _codes(xs: tuple[Tensor, ...], y: Tensor, target: Target) -> AddNS8:
    scale, bound = Multiplier.of(sum_scale(xs[0], y), target.rounding), len(xs) * 255 << SUM_BITS
    output = fixed_output(scale, y, clamp_range(Activation.NONE, y), target, bound)
    return AddNS8(y.elements, len(xs) * xs[0].zero_point, output)


def add_n(kernel: AnyKernel, op: AddN, graph: Graph, target: Target) -> Call:
    """float32, integers that wrap as unsigned ones do, and int8."""
    xs, y = op.operands(graph)
    params: Count | AddNS8 = Count(y.elements)
    needs: tuple[str, ...] = ()
    acc, result = ("float", "sum") if y.dtype == "float32" else ("uint32_t", "(int32_t)sum")
    if y.dtype == "int8":
        fit(target.rounding in INTEGER_ROUNDINGS, f"the rounding is {target.rounding}")
        params = _codes(xs, y, target)
        needs = (params.output.stage.output,)
        acc, result = "int32_t", f"{params.output.stage.output}(&p->output, 0, (sum - p->zero) * (1 << {SUM_BITS}))"
    cast = "(uint32_t)" if y.dtype == "int32" else ""
    variant = {"inputs": len(xs), "type": c_type(y), "sum": acc, "cast": cast, "result": result}
    names = tuple(x.name for x in xs)
    work = per_element(y.dtype, y.elements * len(xs))
    return Call(kernel, op, params, names, (y.name,), variant, needs=needs, in_place=tuple(range(len(xs))), work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("add_n", "elementwise/add_n", (AddN,), add_n),)
