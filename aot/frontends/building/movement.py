"""Parts of values, and values side by side, in whatever order their axes lie in."""

from collections.abc import Sequence

import numpy as np

from aot.frontends.building.call import Call
from aot.frontends.building.elementwise import joint_order
from aot.frontends.building.value import Value
from aot.ops.common import require
from aot.ops.concatenation import Concatenation
from aot.ops.slice import StridedSlice


def joined(call: Call, values: Sequence[Value], axis: int) -> Value:
    """Values one after the other along an axis."""
    if len(values) == 1:
        return values[0]
    order = joint_order(values, values[0].rank)
    shape = list(values[0].shape)
    shape[axis] = sum(v.shape[axis] for v in values)
    names = [call.build.stored(v, order) for v in values]
    return call.build.emit(Concatenation, names, shape, values[0].dtype, order, axis=order.index(axis))


def sliced(call: Call, x: Value, ranges: Sequence[range]) -> Value:
    """The elements of `x` whose position along each axis is in its range."""
    shape = tuple(len(r) for r in ranges)
    require(0 not in shape, f"nothing is left: the slice has shape {list(shape)}")
    if shape == x.shape and all(r.step == 1 for r in ranges):
        return x
    if x.constant:
        return call.build.constant(x.array[np.ix_(*ranges)], call.build.label)
    order = x.natural_order()
    stored = [ranges[a] for a in order]
    # An end before the first element can only be said by leaving it out.
    open_ends = sum(1 << i for i, r in enumerate(stored) if r.stop < 0)
    return call.build.emit(
        StridedSlice, (call.build.stored(x, order),), shape, x.dtype, order,
        begin=tuple(r.start for r in stored), end=tuple(max(r.stop, 0) for r in stored),
        strides=tuple(r.step for r in stored), end_mask=open_ends,
    )  # fmt: skip
