"""Slices of a tensor replaced, or changed, by position."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import contiguous_strides
from aot.kernels.common.work import copied, per_element
from aot.kernels.move.parts import c_type, long_run
from aot.ops.scatter_nd import ScatterNd

# For each reduction, of what is there, `before`, and what comes to it, `update`.
_RESULTS = {
    "add": "before + update",
    "max": "before < update ? update : before",
    "min": "update < before ? update : before",
    "mul": "before * update",
}
_WRAPPING = {
    "add": "(int32_t)((uint32_t)before + (uint32_t)update)",
    "mul": "(int32_t)((uint32_t)before * (uint32_t)update)",
}


@dataclass(frozen=True)
class ScatterNdAny(Params):
    """`size` is how many elements there are, `count` how many slices of `inner` elements come."""

    size: int
    count: int
    inner: int
    extent: tuple[int, ...]
    stride: tuple[int, ...]


def scatter_nd(kernel: AnyKernel, op: ScatterNd, graph: Graph, target: Target) -> Call:
    """Of every type; in place where the input is not needed again."""
    x, indices, updates, y = op.operands(graph)
    depth = indices.shape[-1]
    strides = contiguous_strides(x.shape)
    count, inner = indices.elements // depth, strides[depth - 1]
    params = ScatterNdAny(x.elements, count, inner, x.shape[:depth], strides[:depth])
    replaces = op.reduction == "none"
    results = _RESULTS | (_WRAPPING if y.dtype == "int32" else {})
    variant = {
        "type": c_type(y),
        "index": c_type(indices),
        "depth": depth,
        "runs": replaces and long_run(inner, y),
        "result": None if replaces else results[op.reduction],
    }
    work = copied(x, 1) | per_element(y.dtype, updates.elements) | {"places": count * depth}
    inputs = (x.name, indices.name, updates.name)
    return Call(kernel, op, params, inputs, (y.name,), variant, in_place=(0,), work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("scatter_nd", "move/scatter_nd", (ScatterNd,), scatter_nd),)
