"""Softmax along the last axis, by tables of exponentials."""

from dataclasses import dataclass

import numpy as np

from aot.ir import Array, Graph, Op
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit
from aot.ops.softmax import Softmax, exp_table, fixed_exp_table

_CYCLES_PER_ELEMENT = 30.0
_CYCLES_PER_ELEMENT_F32 = 90.0


@dataclass(frozen=True)
class SoftmaxS8(Params):
    """`exp` is the weight of an element by its distance from the row's maximum; beyond `entries` it is nothing."""

    exp: Constant
    entries: int
    rows: int
    depth: int


def _call(kernel: Kernel, op: Softmax, graph: Graph, table: Array) -> Call:
    x, y = op.operands(graph)
    weights = np.trim_zeros(table, "b")
    params = SoftmaxS8(Constant(f"{y.name}_exp", weights), len(weights), y.elements // y.shape[-1], y.shape[-1])
    return Call(kernel, params, (x.name,), (y.name,), in_place=(0,), cost=_CYCLES_PER_ELEMENT * y.elements)


def _fit_int8(op: Softmax, graph: Graph) -> None:
    x, _ = op.operands(graph)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")


def softmax_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """In fixed point."""
    assert isinstance(op, Softmax)
    _fit_int8(op, graph)
    fit(target.rounding != "float", "the rounding is float")
    return _call(kernel, op, graph, fixed_exp_table(op.operands(graph)[0].scale, op.beta).astype(np.int32))


def softmax_float_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """In float32."""
    assert isinstance(op, Softmax)
    _fit_int8(op, graph)
    fit(target.rounding == "float", f"the rounding is {target.rounding}")
    return _call(kernel, op, graph, exp_table(op.operands(graph)[0].scale, op.beta))


@dataclass(frozen=True)
class SoftmaxF32(Params):
    beta: float
    rows: int
    depth: int


def softmax_f32(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Of reals."""
    assert isinstance(op, Softmax)
    x, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    params = SoftmaxF32(op.beta, y.elements // y.shape[-1], y.shape[-1])
    return Call(kernel, params, (x.name,), (y.name,), in_place=(0,), cost=_CYCLES_PER_ELEMENT_F32 * y.elements)
