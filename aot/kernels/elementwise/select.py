"""Elements of one tensor or of another, with broadcasting."""

from dataclasses import dataclass, replace

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import broadcast_strides, merge
from aot.kernels.common.work import per_element
from aot.kernels.move.parts import c_type
from aot.ops.select import Select, SelectV2


@dataclass(frozen=True)
class SelectAny(Params):
    size: tuple[int, ...]
    condition_stride: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]


def select_any(kernel: AnyKernel, op: SelectV2, graph: Graph, target: Target) -> Call:
    """Of every type."""
    condition, a, b, y = op.operands(graph)
    shaped = replace(condition, shape=op.condition_shape(graph))
    params = SelectAny(*merge(y.shape, *(broadcast_strides(t, y.shape) for t in (shaped, a, b))))
    variant = {"rank": len(params.size), "type": c_type(y)}
    in_place = tuple(i for i, t in enumerate((a, b), start=1) if t.elements == y.elements)
    inputs = (condition.name, a.name, b.name)
    work = per_element("", y.elements)
    return Call(kernel, op, params, inputs, (y.name,), variant, in_place=in_place, work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("select", "elementwise/select", (Select, SelectV2), select_any),)
