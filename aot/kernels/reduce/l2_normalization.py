"""Rows divided by their length."""

from dataclasses import dataclass

from aot.graph.fixedpoint import INTEGER_ROUNDINGS, ROUNDINGS
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.sums import fit_type
from aot.kernels.common.work import per_row
from aot.ops.l2_normalization import L2Normalization


@dataclass(frozen=True)
class Rows(Params):
    """`zero` is the input's zero point, if it has one."""

    zero: int | None
    rows: int
    depth: int


def l2_normalization(kernel: AnyKernel, op: L2Normalization, graph: Graph, target: Target) -> Call:
    """float32, and int8 in fixed point."""
    x, y = op.operands(graph)
    fit_type(kernel, x)
    quantized = x.dtype == "int8"
    params = Rows(x.zero_point if quantized else None, y.elements // y.shape[-1], y.shape[-1])
    # `requantize_any` counts shifts from bit 31 of the product, or from bit 32: the result has 7 bits of fraction.
    variant = {"fraction": 8 if target.rounding == "single" else 7} if quantized else {}
    work = per_row(x.dtype, params.rows, params.depth)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, in_place=(0,), work=work)


KERNELS: tuple[AnyKernel, ...] = tuple(
    Kernel(f"l2_normalization_{suffix}", f"reduce/l2_normalization_{suffix}", (L2Normalization,), l2_normalization,
           roundings=roundings)
    for suffix, roundings in (("s8", INTEGER_ROUNDINGS), ("f32", ROUNDINGS))
)  # fmt: skip
