"""Parts of values, and values side by side, in whatever order their axes lie in."""

from collections.abc import Mapping, Sequence

import numpy as np

from aot.frontends.building.call import Call
from aot.frontends.building.elementwise import joint_order
from aot.frontends.building.value import Value
from aot.ops.concatenation import Concatenation
from aot.ops.pad import PadV2
from aot.ops.pick import Pick
from aot.ops.slice import StridedSlice


def joined(call: Call, values: Sequence[Value], axis: int) -> Value:
    """Values one after the other along an axis."""
    values = [v for v in values if v.elements] or values[:1]
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
    if 0 in shape:  # what is joined with others leaves no trace
        return call.build.constant(np.zeros(shape, x.dtype), call.build.label)
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


def picked(call: Call, x: Value, positions: Mapping[int, Sequence[int]]) -> Value:
    """The elements of `x` at these positions along some axes; each may come several times."""
    order = x.natural_order()
    shape = tuple(len(positions[a]) if a in positions else e for a, e in enumerate(x.shape))
    tables = {a: call.build.literal(np.array(p, np.int32), "positions") for a, p in positions.items()}
    operands = (call.build.stored(x, order), *(tables.get(a) for a in order))
    return call.build.emit(Pick, operands, shape, x.dtype, order)


def surrounded(call: Call, x: Value, pads: Sequence[tuple[int, int]], value: float) -> Value:
    """`x` with (before, after) elements of `value` added along each axis."""
    order = x.natural_order()
    shape = [e + sum(p) for e, p in zip(x.shape, pads, strict=True)]
    operands = (call.build.stored(x, order), call.build.number(value, x.dtype))
    return call.build.emit(PadV2, operands, shape, x.dtype, order, pads=tuple(pads[a] for a in order))
