"""Operators along axes: sums, extremes, softmax."""

import math

from aot.frontends.building import Value
from aot.frontends.building.reduction import along_last, reduced
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Op
from aot.ops.functions import Log, Square
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mean import Mean
from aot.ops.reduce import ReduceMax, ReduceMin, ReduceProd, Sum
from aot.ops.roots import Sqrt
from aot.ops.softmax import Softmax
from aot.ops.two_slopes import Abs


def _reduction(kind: type[Op], before: type[Op] | None = None, after: type[Op] | None = None) -> Reader:
    def read(call: Call) -> Value:
        x, given = call.input(0), call.listed(1, "axes", "the axes")
        if not given and call.node.flag("noop_with_empty_axes"):
            return _applied(call, _applied(call, x, before), after)
        axes = tuple(range(x.rank)) if not given else tuple(axis_of(a, x.rank) for a in given)
        x = _applied(call, x, before)
        y = reduced(call, x, kind, axes, call.node.flag("keepdims", True)) if axes else x
        return _applied(call, y, after)

    return read


def _applied(call: Call, x: Value, kind: type[Op] | None) -> Value:
    return x if kind is None else call.build.like(x, kind)


def _softmax(call: Call, kind: type[Op]) -> Value:
    """Along the last axis in memory; before opset 13, of all axes from one on together."""
    x, build, old = call.input(0), call.build, call.node.opset < 13
    axis = axis_of(call.node.integer("axis", 1 if old else -1), x.rank)
    if old and math.prod(x.shape[axis:]) != x.shape[axis]:
        rows = build.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
        return build.reshape(build.like(build.settled(rows), kind), x.shape)
    return along_last(call, x, kind, axis)


READERS: dict[str, Reader] = {
    "LogSoftmax": lambda call: _softmax(call, LogSoftmax),
    "ReduceL1": _reduction(Sum, before=Abs),
    "ReduceL2": _reduction(Sum, before=Square, after=Sqrt),
    "ReduceLogSum": _reduction(Sum, after=Log),
    "ReduceMax": _reduction(ReduceMax),
    "ReduceMean": _reduction(Mean),
    "ReduceMin": _reduction(ReduceMin),
    "ReduceProd": _reduction(ReduceProd),
    "ReduceSum": _reduction(Sum),
    "ReduceSumSquare": _reduction(Sum, before=Square),
    "Softmax": lambda call: _softmax(call, Softmax),
}
