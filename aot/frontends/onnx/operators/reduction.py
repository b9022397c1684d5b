"""Operators along axes: sums, extremes, softmax."""

import math

from aot.frontends.building import Value
from aot.frontends.building.reduction import along_last, log_sum_exp, reduced
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
        x, axes = _applied(call, call.input(0), before), _axes(call)
        y = reduced(call, x, kind, axes, call.node.flag("keepdims", True)) if axes else x
        return _applied(call, y, after)

    return read


def _axes(call: Call) -> tuple[int, ...]:
    """Those given, or all of them; none where the node says so."""
    rank, given = call.input(0).rank, call.listed(1, "axes", "the axes")
    if given:
        return tuple(axis_of(a, rank) for a in given)
    return () if call.node.flag("noop_with_empty_axes") else tuple(range(rank))


def _log_sum_exp(call: Call) -> Value:
    x, axes = call.input(0), _axes(call)
    return log_sum_exp(call, x, axes, call.node.flag("keepdims", True)) if axes else x


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
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": _reduction(ReduceMax),
    "ReduceMean": _reduction(Mean),
    "ReduceMin": _reduction(ReduceMin),
    "ReduceProd": _reduction(ReduceProd),
    "ReduceSum": _reduction(Sum),
    "ReduceSumSquare": _reduction(Sum, before=Square),
    "Softmax": lambda call: _softmax(call, Softmax),
}
