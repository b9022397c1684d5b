"""Logarithms of softmax along the last axis."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.notes import EXPONENTIALS
from aot.kernels.common.work import per_row
from aot.ops.log_softmax import LogSoftmax
from aot.ops.softmax import (
    distance_table,
    fixed_exp_table,
)


@dataclass(frozen=True)
class LogSoftmaxS8(Params):
    """`distance` is an element less its row's maximum, `exp` its weight; beyond `entries` that is nothing."""

    distance: Constant
    exp: Constant
    entries: int
    rows: int
    depth: int


@dataclass(frozen=True)
class LogSoftmaxF32(Params):
    rows: int
    depth: int


def log_softmax_s8(kernel: AnyKernel, op: LogSoftmax, graph: Graph, target: Target) -> Call:
    """In fixed point."""
    x, y = op.operands(graph)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    weights = np.trim_zeros(fixed_exp_table(x.scale, 1.0).astype(np.int32), "b")
    lowest = -16 << 26  # where the output ends; what is below it, less a logarithm, would leave 32 bits
    distances = np.maximum(distance_table(x.scale), lowest).astype(np.int32)
    distance = Constant(f"{y.name}_distance", distances, "For each distance below the largest code, its real value")
    exp = Constant(f"{y.name}_exp", weights, EXPONENTIALS)
    params = LogSoftmaxS8(distance, exp, len(weights), y.elements // y.shape[-1], y.shape[-1])
    return Call(
        kernel, op, params, (x.name,), (y.name,), in_place=(0,), work=per_row(x.dtype, params.rows, params.depth)
    )


def log_softmax_f32(kernel: AnyKernel, op: LogSoftmax, graph: Graph, target: Target) -> Call:
    """Of reals."""
    x, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    params = LogSoftmaxF32(y.elements // y.shape[-1], y.shape[-1])
    return Call(
        kernel, op, params, (x.name,), (y.name,), in_place=(0,), work=per_row(x.dtype, params.rows, params.depth)
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("log_softmax_s8", "softmax/log_softmax_s8", (LogSoftmax,), log_softmax_s8, roundings=INTEGER_ROUNDINGS),
    Kernel("log_softmax_f32", "softmax/log_softmax_f32", (LogSoftmax,), log_softmax_f32),
)
