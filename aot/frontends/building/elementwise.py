"""Operators element by element: they take their operands in whatever order these lie in."""

from collections.abc import Sequence

import numpy as np

from aot.frontends.building.call import Call
from aot.frontends.building.value import Order, Value
from aot.graph.ir import Op, Unsupported
from aot.ops.mul import Mul


def joint_order(values: Sequence[Value], rank: int) -> Order:
    """The order in which several operands need the fewest moves: that of the largest one of full rank."""
    full = [v for v in values if not v.constant and v.rank == rank]
    if not full:
        return tuple(range(rank))
    return max(full, key=lambda v: (v.axis_order() is not None, v.elements)).natural_order()


def aligned(call: Call, values: Sequence[Value]) -> tuple[list[str], tuple[int, ...], Order]:
    """The tensors of operands that broadcast, all in one order; their common shape, and the order."""
    try:
        shape = np.broadcast_shapes(*(v.shape for v in values))
    except ValueError:
        raise Unsupported(f"shapes {', '.join(str(list(v.shape)) for v in values)} do not broadcast") from None
    rank = len(shape)
    order = joint_order(values, rank)
    build = call.build
    whole = (v if v.rank in (0, rank) else build.reshape(v, (1,) * (rank - v.rank) + v.shape) for v in values)
    return [build.stored(v, order if v.rank == rank else ()) for v in whole], shape, order


def binary(call: Call, kind: type[Op], a: Value, b: Value, dtype: str = "") -> Value:
    """An operator on two operands that broadcast."""
    names, shape, order = aligned(call, (a, b))
    return call.build.emit(kind, names, shape, dtype or a.dtype, order)


def scaled(call: Call, value: Value, factor: float) -> Value:
    """`value` times a number."""
    if factor == 1.0:
        return value
    return call.build.like(value, Mul, (call.build.number(factor),))
