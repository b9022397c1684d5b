"""Operators along axes."""

from typing import Any

import numpy as np

from aot.frontends.building.call import Call
from aot.frontends.building.elementwise import binary
from aot.frontends.building.value import Value, without
from aot.graph.ir import Op
from aot.ops.add import Add, Sub
from aot.ops.clip import Clip
from aot.ops.functions import Exp, Log
from aot.ops.reduce import ReduceMax, Sum

_LARGEST = float(np.finfo(np.float32).max)


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


def log_sum_exp(call: Call, x: Value, axes: tuple[int, ...], keep: bool) -> Value:
    """log(sum(exp(x - m))) + m, with the largest element for m: exponentials of reals of any size are finite."""
    build = call.build
    largest = build.like(reduced(call, x, ReduceMax, axes, keep=True), Clip, low=-_LARGEST, high=_LARGEST)
    powers = build.like(binary(call, Sub, x, largest), Exp)
    whole = binary(call, Add, build.like(reduced(call, powers, Sum, axes, keep=True), Log), largest)
    return whole if keep else build.reshape(whole, [e for a, e in enumerate(x.shape) if a not in axes])
