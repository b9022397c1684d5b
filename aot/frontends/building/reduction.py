"""Operators along axes."""

from typing import Any

from aot.frontends.building.call import Call
from aot.frontends.building.value import Value, without
from aot.graph.ir import Op
from aot.ops.reduce import ReduceMax


def reduced(call: Call, x: Value, kind: type[Op], axes: tuple[int, ...], keep: bool) -> Value:
    """`x` with the elements along `axes` made one. The largest may be an infinity, unlike in .tflite files."""
    infinite = {"infinite": True} if issubclass(kind, ReduceMax) and x.dtype == "float32" else {}
    order = x.natural_order()
    shape = tuple(1 if i in axes else e for i, e in enumerate(x.shape) if keep or i not in axes)
    lies = order if keep else without(order, axes)
    stored = tuple(sorted(order.index(a) for a in axes))
    attributes = {"axes": stored, "keep_dims": keep, **infinite}
    return call.build.emit(kind, (call.build.stored(x, order),), shape, x.dtype, lies, **attributes)


def along_last(call: Call, x: Value, kind: type[Op], axis: int, **attributes: Any) -> Value:
    """An operator that works along the last axis in memory, which becomes that one; the result has the same shape."""
    order = (*(a for a in x.natural_order() if a != axis), axis)
    return call.build.like(call.build.settled(x, order), kind, **attributes)
