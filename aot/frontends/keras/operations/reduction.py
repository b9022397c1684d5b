"""Operations along axes, and products of matrices."""

import math

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.reduction import log_sum_exp, reduced
from aot.frontends.building.value import without
from aot.frontends.keras.layers.common import as_real, real
from aot.frontends.keras.layers.dense import product
from aot.frontends.keras.operations.operands import keyword, pair
from aot.frontends.keras.records import Call, Reader, axes_of, axis_of
from aot.graph.ir import Op, Unsupported
from aot.ops.add import Sub
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import require
from aot.ops.cumsum import CumSum
from aot.ops.functions import Square
from aot.ops.mean import Mean
from aot.ops.reduce import ReduceMax, ReduceMin, ReduceProd, Sum
from aot.ops.roots import Sqrt
from aot.ops.two_slopes import Abs

_NORMS: dict[float, tuple[type[Op], type[Op]]] = {1: (Abs, Sum), 2: (Square, Sum), math.inf: (Abs, ReduceMax)}


def _reduction(kind: type[Op]) -> Reader:
    def read(call: Call) -> Value:
        x = real(call)
        axes = axes_of(keyword(call, "axis"), x.rank)
        return reduced(call, x, kind, axes, bool(keyword(call, "keepdims", False))) if axes else x

    return read


def _variance(call: Call) -> Value:
    """The mean of the squared distances from the mean."""
    x = real(call)
    axes = axes_of(keyword(call, "axis"), x.rank)
    distance = binary(call, Sub, x, reduced(call, x, Mean, axes, keep=True))
    squares = call.build.like(distance, Square)
    return reduced(call, squares, Mean, axes, bool(keyword(call, "keepdims", False)))


def _deviation(call: Call) -> Value:
    return call.build.like(_variance(call), Sqrt)


def _log_sum_exp(call: Call) -> Value:
    x = real(call)
    axes = axes_of(keyword(call, "axis"), x.rank)
    return log_sum_exp(call, x, axes, bool(keyword(call, "keepdims", False)))


def _norm(call: Call) -> Value:
    """The root of the sum of squares, or the sum or the largest of absolute values."""
    x, order = real(call), keyword(call, "ord")
    axes = axes_of(keyword(call, "axis"), x.rank)
    found = _NORMS.get(2 if order is None else order) if order is None or isinstance(order, int | float) else None
    if found is None or (order is not None and len(axes) != 1):
        raise Unsupported(
            f"ord {str(order)[:40]} of {len(axes)} axes; supported: 1, 2 and inf of one axis, None of any"
        )
    before, kind = found
    y = reduced(call, call.build.like(x, before), kind, axes, bool(keyword(call, "keepdims", False)))
    return call.build.like(y, Sqrt) if before is Square else y


def _extreme(kind: type[ArgMax]) -> Reader:
    def read(call: Call) -> Value:
        x, given = real(call), keyword(call, "axis")
        if given is None:
            x, axis = call.build.reshape(x, (x.elements,)), 0
        else:
            axis = axis_of(given, x.rank)
        order = x.natural_order()
        kept = tuple(e for i, e in enumerate(x.shape) if i != axis)
        operands = (call.build.stored(x, order),)
        y = call.build.emit(kind, operands, kept, "int32", without(order, [axis]), axis=order.index(axis))
        shape = [1 if i == axis else e for i, e in enumerate(x.shape)]
        return call.build.reshape(y, shape) if keyword(call, "keepdims", False) else y

    return read


def _cumulated(call: Call) -> Value:
    x = real(call)
    axis = axis_of(keyword(call, "axis"), x.rank)
    return call.build.emit(CumSum, (call.build.stored(x),), x.shape, axis=axis)


def _matmul(call: Call) -> Value:
    """With a constant matrix it is a dense layer."""
    a, b = (as_real(call, v) for v in pair(call))
    if b.constant and b.rank == 2 and not a.constant:
        return product(call, a, b, None)
    require(min(a.rank, b.rank) >= 2, "a product with a vector")
    if a.shape[-1] != b.shape[-2]:
        raise Unsupported(f"rows of {a.shape[-1]}, columns of {b.shape[-2]}")
    build, batch = call.build, _batches(a.shape[:-2], b.shape[:-2])
    return build.emit(BatchMatMul, (build.stored(a), build.stored(b)), (*batch, a.shape[-2], b.shape[-1]))


def _batches(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    shape = []
    for first, second in pairs:
        require(first == second or 1 in (first, second), "batches that do not broadcast")
        shape.append(max(first, second))
    return tuple(shape)


OPERATIONS: dict[str, Reader] = {
    "Amax": _reduction(ReduceMax),
    "Amin": _reduction(ReduceMin),
    "Argmax": _extreme(ArgMax),
    "Argmin": _extreme(ArgMin),
    "Cumsum": _cumulated,
    "Logsumexp": _log_sum_exp,
    "Matmul": _matmul,
    "Max": _reduction(ReduceMax),
    "Mean": _reduction(Mean),
    "Min": _reduction(ReduceMin),
    "Norm": _norm,
    "Prod": _reduction(ReduceProd),
    "Std": _deviation,
    "Sum": _reduction(Sum),
    "Var": _variance,
}
