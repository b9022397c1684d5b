"""Slices of a tensor, chosen by indices."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.loops import contiguous_strides
from aot.kernels.move.parts import c_type, copy_cycles, long_run
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
    variant = {"type": c_type(y), "index": c_type(indices), "runs": long_run(params.inner, y)}
    cost = copy_cycles(y, variant["runs"] is True)
    return Call(kernel, op, params, (x.name, indices.name), (y.name,), variant, cost=cost)


def gather_nd_any(kernel: AnyKernel, op: GatherNd, graph: Graph, target: Target) -> Call:
    """By positions."""
    x, indices, y = op.operands(graph)
    depth = indices.shape[-1]
    strides = contiguous_strides(x.shape)
    params = GatherNdAny(indices.elements // depth, strides[depth - 1], x.shape[:depth], strides[:depth])
    runs = long_run(params.inner, y)
    variant = {"type": c_type(y), "index": c_type(indices), "depth": depth, "runs": runs}
    return Call(kernel, op, params, (x.name, indices.name), (y.name,), variant, cost=copy_cycles(y, runs))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("gather", "move/gather", (EmbeddingLookup, Gather), gather_any),
    Kernel("gather_nd", "move/gather_nd", (GatherNd,), gather_nd_any),
)
