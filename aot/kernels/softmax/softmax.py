"""Softmax along the last axis, by tables of exponentials."""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Array, Graph
from aot.kernels.call import IN_REALS, AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.notes import EXPONENTIALS
from aot.kernels.common.scaling import fast_scaling
from aot.kernels.common.work import per_row
from aot.ops.softmax import (
    Softmax,
    distance_scale,
    exp_table,
    exp_table_s16,
    fixed_exp_table,
    in_usual_steps,
    large_exp_table,
    reciprocal_table_s16,
    share_factor,
)

_SHORTER_ROW = 2048  # elements; of fewer, no sum is 2^30 - 1, whose reciprocal is less than 2^30


@dataclass(frozen=True)
class SoftmaxS8(Params):
    """`exp` is the weight of an element by its distance from the row's maximum; beyond `entries` it is nothing."""

    exp: Constant
    entries: int
    rows: int
    depth: int


def _call(kernel: AnyKernel, op: Softmax, graph: Graph, table: Array, target: Target) -> Call:
    """A call for int8 inputs; an int16 output cannot take their place."""
    x, y = op.operands(graph)
    weights = np.trim_zeros(table, "b")
    exp = Constant(f"{y.name}_exp", weights, EXPONENTIALS)
    params = SoftmaxS8(exp, len(weights), y.elements // y.shape[-1], y.shape[-1])
    in_place = (0,) if y.dtype == x.dtype else ()
    normalized = y.shape[-1] < _SHORTER_ROW and "dsp" in target.features
    high = "normalized_high" if normalized else "rounding_high"
    variant = {"type": C_TYPES[y.dtype], "bits": 8 * (y.bytes // y.elements), "high": high}
    work = per_row(x.dtype, params.rows, params.depth)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, in_place=in_place, work=work)


def _fit(op: Softmax, graph: Graph, *dtypes: str) -> None:
    for t, dtype in zip(op.operands(graph), dtypes, strict=True):
        fit(t.dtype == dtype, f"%{t.name} is {t.dtype}")


def softmax_s8(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """In fixed point."""
    _fit(op, graph, "int8", "int8")
    _fit_usual_steps(op, graph)
    return _call(kernel, op, graph, fixed_exp_table(op.operands(graph)[0].scale, op.beta).astype(np.int32), target)


def softmax_s8_s16(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """In fixed point, to int16."""
    _fit(op, graph, "int8", "int16")
    return _call(kernel, op, graph, fixed_exp_table(op.operands(graph)[0].scale, op.beta).astype(np.int32), target)


def softmax_float_s8(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """In float32."""
    _fit(op, graph, "int8", "int8")
    _fit_usual_steps(op, graph)
    x, y = op.operands(graph)
    call = _call(kernel, op, graph, exp_table(x.scale, op.beta), target)
    return replace(call, variant={**call.variant, "scale": f"{y.scale:.9g}f"})


def _fit_usual_steps(op: Softmax, graph: Graph) -> None:
    _, y = op.operands(graph)
    fit(in_usual_steps(y), f"%{y.name} has {y.quant}")


def softmax_even_s8(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """In float32, with exponentials near the largest numbers."""
    _fit(op, graph, "int8", "int8")
    x, y = op.operands(graph)
    fit(target.rounding in IN_REALS or not in_usual_steps(y), f"the rounding is {target.rounding}")
    call = _call(kernel, op, graph, large_exp_table(x.scale * op.beta, x.shape[-1]), target)
    own = {"factor": f"{share_factor(y)}f", "highest": f"{127 - y.zero_point}.0f", "zero": y.zero_point}
    return replace(call, variant={**call.variant, **own})


@dataclass(frozen=True)
class SoftmaxF32(Params):
    beta: float
    rows: int
    depth: int


def softmax_f32(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """Of reals."""
    x, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    params = SoftmaxF32(op.beta, y.elements // y.shape[-1], y.shape[-1])
    work = per_row(x.dtype, params.rows, params.depth)
    return Call(kernel, op, params, (x.name,), (y.name,), in_place=(0,), work=work)


@dataclass(frozen=True)
class SoftmaxS16(Params):
    """`exp` and `reciprocal` are interpolated; distances from a row's maximum get the scale `in`."""

    exp: Constant
    reciprocal: Constant
    in_multiplier: int
    in_shift: int
    rows: int
    depth: int


def softmax_s16(kernel: AnyKernel, op: Softmax, graph: Graph, target: Target) -> Call:
    """By tables, in 15 bits."""
    _fit(op, graph, "int16", "int16")
    x, y = op.operands(graph)
    multiplier, shift, function = fast_scaling(distance_scale(x.scale, op.beta), target)
    tables = (
        Constant(f"{y.name}_exp", exp_table_s16(), "exp(x) at 513 places from -10 to 0"),
        Constant(f"{y.name}_reciprocal", reciprocal_table_s16(), "1 / (1 + x) at 513 places from 0 to 1"),
    )
    params = SoftmaxS16(*tables, multiplier, shift, y.elements // y.shape[-1], y.shape[-1])
    work = per_row(x.dtype, params.rows, params.depth)
    return Call(kernel, op, params, (x.name,), (y.name,), {"function": function}, in_place=(0,), work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("softmax_s8", "softmax/softmax_fixed", (Softmax,), softmax_s8, roundings=("double", "single")),
    Kernel("softmax_s8_s16", "softmax/softmax_fixed", (Softmax,), softmax_s8_s16, roundings=INTEGER_ROUNDINGS),
    Kernel("softmax_float_s8", "softmax/softmax_float_s8", (Softmax,), softmax_float_s8, roundings=("float",)),
    Kernel("softmax_even_s8", "softmax/softmax_even_s8", (Softmax,), softmax_even_s8),
    Kernel("softmax_s16", "softmax/softmax_s16", (Softmax,), softmax_s16, roundings=INTEGER_ROUNDINGS),
    Kernel("softmax_f32", "softmax/softmax_f32", (Softmax,), softmax_f32),
)
