"""Operators that find or count along an axis."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import along
from aot.kernels.common.work import per_element
from aot.kernels.move.parts import c_type
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.cumsum import CumSum
from aot.ops.top_k import TopK


@dataclass(frozen=True)
class TopKAny(Params):
    rows: int
    extent: int
    k: int


def arg_extreme(kernel: AnyKernel, op: ArgMax, graph: Graph, target: Target) -> Call:
    """The largest or smallest, of any type."""
    x, y = op.operands(graph)
    better = "<" if isinstance(op, ArgMin) else ">"
    variant = {"type": c_type(x), "index": c_type(y), "better": better}
    work = per_element(x.dtype, x.elements)
    return Call(kernel, op, along(x.shape, op.axis), (x.name,), (y.name,), variant, work=work)


def cumsum(kernel: AnyKernel, op: CumSum, graph: Graph, target: Target) -> Call:
    """float32, and integers that wrap as unsigned ones do."""
    x, y = op.operands(graph)
    sums = {"float32": "float", "int32": "uint32_t", "int64": "uint64_t"}[x.dtype]
    variant = {"type": c_type(x), "sum": sums, "exclusive": op.exclusive, "reverse": op.reverse}
    work = per_element(x.dtype, x.elements)
    return Call(kernel, op, along(x.shape, op.axis), (x.name,), (y.name,), variant, in_place=(0,), work=work)


def top_k(kernel: AnyKernel, op: TopK, graph: Graph, target: Target) -> Call:
    """Of every type, by insertion: few are asked for."""
    x, values, indices = op.operands(graph)
    params = TopKAny(x.elements // x.shape[-1], x.shape[-1], op.k)
    work = per_element(x.dtype, x.elements * op.k)
    return Call(kernel, op, params, (x.name,), (values.name, indices.name), {"type": c_type(x)}, work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("arg_extreme", "reduce/arg_extreme", (ArgMax, ArgMin), arg_extreme),
    Kernel("cumsum", "reduce/cumsum", (CumSum,), cumsum),
    Kernel("top_k", "reduce/top_k", (TopK,), top_k),
)
