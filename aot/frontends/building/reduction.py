"""Operators along axes."""

from typing import Any

from aot.frontends.building.call import Call
from aot.frontends.building.value import Value, without
from aot.graph.ir import Op


def reduced(call: Call, x: Value, kind: type[Op], axes: tuple[int, ...], keep: bool) -> Value:
    """`x` with the elements along `axes` made one."""
    order = x.natural_order()
    shape = tuple(1 if i in axes else e for i, e in enumerate(x.shape) if keep or i not in axes)
    lies = order if keep else without(order, axes)
    stored = tuple(sorted(order.index(a) for a in axes))
    return call.build.emit(kind, (call.build.stored(x, order),), shape, x.dtype, lies, axes=stored, keep_dims=keep)


def along_last(call: Call, x: Value, kind: type[Op], axis: int, **attributes: Any) -> Value:
    """An operator that works along the last axis in memory, which becomes that one; the result has the same shape."""
    order = (*(a for a in x.natural_order() if a != axis), axis)
    return call.build.like(call.build.settled(x, order), kind, **attributes)
