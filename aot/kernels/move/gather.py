"""Slices of a tensor, chosen by indices."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import contiguous_strides
from aot.kernels.common.work import copied
from aot.kernels.move.parts import c_type, long_run
from aot.ops.gather import EmbeddingLookup, Gather, GatherNd


@dataclass(frozen=True)
class GatherAny(Params):
    batches: int
    outer: int
    extent: int
    count: int
    inner: int


@dataclass(frozen=True)
class GatherNdAny(Params):
    count: int
    inner: int
    extent: tuple[int, ...]
    stride: tuple[int, ...]


def gather_any(kernel: AnyKernel, op: Gather, graph: Graph, target: Target) -> Call:
    """Along one axis."""
    x, indices, y = op.operands(graph)
    params = GatherAny(*op.sizes(graph))
    runs = long_run(params.inner, y)
    variant = {"type": c_type(y), "index": c_type(indices), "runs": runs}
    work = copied(y, y.elements // params.inner if runs else 0)
    return Call(kernel, op, params, (x.name, indices.name), (y.name,), variant, work=work)


def gather_nd_any(kernel: AnyKernel, op: GatherNd, graph: Graph, target: Target) -> Call:
    """By positions."""
    x, indices, y = op.operands(graph)
    depth = indices.shape[-1]
    strides = contiguous_strides(x.shape)
    params = GatherNdAny(indices.elements // depth, strides[depth - 1], x.shape[:depth], strides[:depth])
    runs = long_run(params.inner, y)
    variant = {"type": c_type(y), "index": c_type(indices), "depth": depth, "runs": runs}
    work = copied(y, params.count if runs else 0)
    return Call(kernel, op, params, (x.name, indices.name), (y.name,), variant, work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("gather", "move/gather", (EmbeddingLookup, Gather), gather_any),
    Kernel("gather_nd", "move/gather_nd", (GatherNd,), gather_nd_any),
)
