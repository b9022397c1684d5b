"""Products of matrices, neither of which need be constant."""

from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target
from aot.kernels.common.accumulators import number_types
from aot.kernels.common.loops import contiguous_strides, merge
from aot.kernels.common.output import Output, fixed_output, float_output, real_output, wide_output
from aot.kernels.common.sums import SUFFIXES, fit_type
from aot.ops.batch_matmul import BatchMatMul, matmul_bound, matmul_scale, matmul_scale_float
from aot.ops.common import Activation, clamp_range


@dataclass(frozen=True)
class BatchMatMulParams(Params):
    """Loops over batches; then how far a step along rows, columns or depth leads in each matrix."""

    output: Output
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    rows: int
    columns: int
    depth: int
    a_row: int
    a_depth: int
    b_depth: int
    b_column: int
    a_zero: int
    b_zero: int


def batch_matmul(kernel: AnyKernel, op: BatchMatMul, graph: Graph, target: Target) -> Call:
    """All types, batches and transpositions."""
    a, b, y = op.operands(graph)
    fit_type(kernel, a)
    (rows, depth), (_, columns) = op.matrices(graph)
    size, a_stride, b_stride = merge(y.shape[:-2], *(_batch_strides(t, y.shape[:-2]) for t in (a, b)))
    a_row, a_depth = (1, rows) if op.adj_x else (depth, 1)
    b_depth, b_column = (1, depth) if op.adj_y else (columns, 1)
    bias = op.bias(graph)
    bound = 0 if y.dtype == "float32" else matmul_bound(a, b, depth, bias)
    output = _output(a, b, y, target, bound, columns)
    zeros = (a.zero_point, b.zero_point) if y.dtype == "int8" else (0, 0)
    params = BatchMatMulParams(
        output, size, a_stride, b_stride, rows, columns, depth, a_row, a_depth, b_depth, b_column, *zeros
    )
    wide = y.dtype == "int16" and bound >= 2**31
    types = number_types(a, np.zeros(1, np.int64 if wide else np.int32))
    variant = {**types, "output": output.stage.output, "rank": len(size), "biased": bias is not None}
    operands = (a.name, b.name, *(() if bias is None else (bias.name,)))
    work = {"macs": op.macs(graph), "outputs": y.elements}
    return Call(kernel, op, params, operands, (y.name,), variant, work=work)


def _batch_strides(t: Tensor, batches: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart the matrices of `t` lie along each of `batches`; 0 where one serves all."""
    own = (1,) * (len(batches) + 2 - len(t.shape)) + t.shape
    strides = contiguous_strides(own)[:-2]
    return tuple(0 if extent == 1 else stride for extent, stride in zip(own, strides, strict=False))


def _output(a: Tensor, b: Tensor, y: Tensor, target: Target, bound: int, columns: int) -> Output:
    if y.dtype == "float32":
        return real_output(Activation.NONE)
    scale, limits = Multiplier.of(matmul_scale(a, b, y), target.rounding), clamp_range(Activation.NONE, y)
    if target.rounding == "onnx" and y.dtype == "int8":
        return float_output(matmul_scale_float(a, b, y), y, limits, target, columns, bound)
    if y.dtype == "int16":
        return wide_output(scale, y, limits, columns)
    return fixed_output(scale, y, limits, target, bound)


KERNELS: tuple[AnyKernel, ...] = tuple(
    Kernel(f"batch_matmul_{suffix}", "dense/batch_matmul", (BatchMatMul,), batch_matmul) for suffix in SUFFIXES.values()
)
