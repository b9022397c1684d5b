"""Operations that move elements."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.movement import joined, sliced
from aot.frontends.keras.description import number, whole, whole_numbers
from aot.frontends.keras.layers.movement import filled
from aot.frontends.keras.operations.operands import keyword, listed, operand
from aot.frontends.keras.records import Call, Reader, axes_of, axis_of
from aot.graph.ir import Unsupported
from aot.ops.common import require
from aot.ops.gather import INDEX_TYPES, Gather
from aot.ops.pad import PadV2
from aot.ops.rearrange import BroadcastTo, Reverse, Tile


def _reshape(call: Call) -> Value:
    x = call.input()
    given = keyword(call, "newshape")
    shape = tuple(-1 if e is None else whole(e, "newshape") for e in (given if isinstance(given, list) else [given]))
    return call.build.reshape(x, filled(shape, x.elements))


def _transpose(call: Call) -> Value:
    x, axes = call.input(), keyword(call, "axes")
    order = (
        tuple(reversed(range(x.rank)))
        if axes is None
        else tuple(axis_of(a, x.rank) for a in whole_numbers(axes, "axes"))
    )
    require(sorted(order) == list(range(x.rank)), f"axes {order} of {x.rank} dimensions")
    return x.transposed(order)


def _moved(x: Value, source: Sequence[int], destination: Sequence[int]) -> Value:
    order: list[int] = [a for a in range(x.rank) if a not in source]
    for target, axis in sorted(zip(destination, source, strict=True)):
        order.insert(target, axis)
    return x.transposed(order)


def _moveaxis(call: Call) -> Value:
    x = call.input()
    source, destination = (
        [axis_of(a, x.rank) for a in whole_numbers(keyword(call, name), name)] for name in ("source", "destination")
    )
    require(len(source) == len(destination), "sources and destinations of different number")
    return _moved(x, source, destination)


def _swapaxes(call: Call) -> Value:
    x = call.input()
    a, b = (axis_of(keyword(call, name), x.rank) for name in ("axis1", "axis2"))
    order = list(range(x.rank))
    order[a], order[b] = b, a
    return x.transposed(order)


def _concatenate(call: Call) -> Value:
    values = listed(call, 0, "xs")
    require(len({v.rank for v in values}) == 1, "inputs of different ranks")
    return joined(call, values, axis_of(keyword(call, "axis", 0), values[0].rank))


def _stack(call: Call) -> Value:
    values = listed(call, 0, "x")
    axis = axis_of(keyword(call, "axis", 0), values[0].rank + 1)
    wide = [call.build.reshape(v, (*v.shape[:axis], 1, *v.shape[axis:])) for v in values]
    return joined(call, wide, axis)


def _part(call: Call, x: Value, axis: int, run: range) -> Value:
    ranges = [range(e) for e in x.shape]
    ranges[axis] = run
    return sliced(call, x, ranges)


def _split(call: Call) -> list[Value]:
    x, axis = call.input(), axis_of(keyword(call, "axis", 0), call.input().rank)
    given, extent = keyword(call, "indices_or_sections"), x.shape[axis]
    if isinstance(given, list):
        ends = [min(max(whole(e, "an index"), 0), extent) for e in given]
    else:
        count = whole(given, "sections")
        require(0 < count <= extent and extent % count == 0, f"{extent} elements in {count} parts")
        ends = [extent // count * i for i in range(1, count)]
    return [_part(call, x, axis, range(a, b)) for a, b in zip([0, *ends], [*ends, extent], strict=True)]


def _unstack(call: Call) -> list[Value]:
    x, axis = call.input(), axis_of(keyword(call, "axis", 0), call.input().rank)
    kept = (*x.shape[:axis], *x.shape[axis + 1 :])
    parts = [_part(call, x, axis, range(i, i + 1)) for i in range(x.shape[axis])]
    return [call.build.reshape(part, kept) for part in parts]


def _expand_dims(call: Call) -> Value:
    x, given = call.input(), whole_numbers(keyword(call, "axis"), "axis")
    rank = x.rank + len(given)
    axes = {axis_of(a, rank) for a in given}
    require(len(axes) == len(given), f"axes {given}")
    rest = iter(x.shape)
    return call.build.reshape(x, [1 if i in axes else next(rest) for i in range(rank)])


def _squeeze(call: Call) -> Value:
    x, given = call.input(), keyword(call, "axis")
    axes = [i for i, e in enumerate(x.shape) if e == 1] if given is None else axes_of(given, x.rank)
    require(all(x.shape[a] == 1 for a in axes), f"axes {tuple(axes)} of shape {list(x.shape)} are not all 1")
    return call.build.reshape(x, [e for i, e in enumerate(x.shape) if i not in axes])


def _flip(call: Call) -> Value:
    x = call.input()
    axes = axes_of(keyword(call, "axis"), x.rank)
    return call.build.emit(Reverse, (call.build.stored(x),), x.shape, x.dtype, axes=axes)


def _roll(call: Call) -> Value:
    """What leaves at the end of an axis comes in at its front; without an axis, of all elements in a row."""
    x, given = call.input(), keyword(call, "axis")
    shape = x.shape
    x = call.build.reshape(x, (x.elements,)) if given is None else x
    axes = [0] if given is None else [axis_of(a, x.rank) for a in whole_numbers(given, "axis")]
    shifts = whole_numbers(keyword(call, "shift"), "shift")
    shifts = tuple(shifts) * len(axes) if len(shifts) == 1 else tuple(shifts)
    require(len(shifts) == len(axes), f"{len(shifts)} shifts for {len(axes)} axes")
    for axis, shift in zip(axes, shifts, strict=True):
        extent = x.shape[axis]
        cut = -shift % extent
        if cut:
            x = joined(call, [_part(call, x, axis, range(cut, extent)), _part(call, x, axis, range(cut))], axis)
    return call.build.reshape(x, shape)


def _tile(call: Call) -> Value:
    x, repeats = call.input(), whole_numbers(keyword(call, "repeats"), "repeats")
    rank = max(x.rank, len(repeats))
    repeats = (*(1,) * (rank - len(repeats)), *repeats)
    x = call.build.reshape(x, (*(1,) * (rank - x.rank), *x.shape))
    require(min(repeats) >= 1, f"repeats {repeats}")
    shape = [e * r for e, r in zip(x.shape, repeats, strict=True)]
    return call.build.emit(Tile, (call.build.stored(x),), shape, x.dtype, multiples=repeats)


def _repeat(call: Call) -> Value:
    """Each element several times, one after the other."""
    x, given = call.input(), keyword(call, "repeats")
    count = whole(given[0] if isinstance(given, list) and len(given) == 1 else given, "repeats")
    axis = axis_of(keyword(call, "axis"), x.rank)
    require(count >= 1, f"{count} repeats")
    single = call.build.reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]))
    shape = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])
    y = call.build.emit(BroadcastTo, (call.build.stored(single),), shape, x.dtype, shape=shape)
    return call.build.reshape(y, (*x.shape[:axis], x.shape[axis] * count, *x.shape[axis + 1 :]))


def _broadcast(call: Call) -> Value:
    x = call.input()
    shape = tuple(1 if e is None else whole(e, "shape") for e in keyword(call, "shape", ()))
    require(len(shape) >= x.rank and min(shape) >= 1, f"shape {shape}")
    return call.build.emit(BroadcastTo, (call.build.stored(x),), shape, x.dtype, shape=shape)


def _pad(call: Call) -> Value:
    x, given = call.input(), keyword(call, "pad_width")
    require(keyword(call, "mode", "constant") == "constant", f"mode {keyword(call, 'mode')}")
    require(isinstance(given, list), "pad_width is no list")
    pairs = [whole_numbers(p, "pad_width", 2) for p in (given if len(given) == x.rank else given * x.rank)]
    require(len(pairs) == x.rank and min(min(p) for p in pairs) >= 0, f"pad_width {given}")
    value = call.argument(1, "constant_values")
    operands = (call.build.stored(x), call.build.number(number(0 if value is None else value, "the value"), x.dtype))
    shape = [e + sum(p) for e, p in zip(x.shape, pairs, strict=True)]
    return call.build.emit(PadV2, operands, shape, x.dtype, pads=tuple((p[0], p[1]) for p in pairs))


def _item(call: Call) -> Value:
    """x[key]: whole numbers, slices, an ellipsis, new axes."""
    x, key = call.input(), call.argument(1, "key")
    parts: list[Any] = list(key) if isinstance(key, list) else [key]
    taken = len([p for p in parts if p is not None and p is not Ellipsis])
    require(taken <= x.rank and parts.count(Ellipsis) <= 1, f"{taken} parts for {x.rank} dimensions")
    where = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    whole_axes = [slice(None)] * (x.rank - taken)
    parts = [*parts[:where], *whole_axes, *parts[where + (Ellipsis in parts) :]]
    ranges, shape = list[range](), list[int]()
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        run = _run(part, x.shape[len(ranges)])
        shape += [] if isinstance(part, int) else [len(run)]
        ranges.append(run)
    return call.build.reshape(sliced(call, x, ranges), shape)


def _run(part: Any, extent: int) -> range:
    if isinstance(part, slice):
        require(part.step != 0, "a step of 0")
        return range(extent)[part]
    position = axis_of(part, extent)
    return range(position, position + 1)


def _take(call: Call) -> Value:
    x, indices = call.input(), operand(call, 1, "indices")
    if indices.constant:
        given = indices.array
        require(given.dtype.kind in "iu", "indices that are no whole numbers")
        indices = call.constant(np.asarray(given, np.int32), "indices")
    require(indices.dtype in INDEX_TYPES, f"indices of {indices.dtype}")
    if keyword(call, "axis") is None:
        x, axis = call.build.reshape(x, (x.elements,)), 0
    else:
        axis = axis_of(keyword(call, "axis"), x.rank)
    if indices.constant:
        extent = x.shape[axis]
        found = np.where(indices.array < 0, indices.array + extent, indices.array).astype(np.int32)
        if not np.all((found >= 0) & (found < extent)):
            raise Unsupported("indices out of range")
        indices = call.constant(found, "indices")
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return call.build.emit(Gather, (call.build.stored(x), call.build.stored(indices)), shape, x.dtype, axis=axis)


def _ravel(call: Call) -> Value:
    x = call.input()
    return call.build.reshape(x, (math.prod(x.shape),))


OPERATIONS: dict[str, Reader] = {
    "BroadcastTo": _broadcast,
    "Concatenate": _concatenate,
    "ExpandDims": _expand_dims,
    "Flip": _flip,
    "GetItem": _item,
    "Moveaxis": _moveaxis,
    "Pad": _pad,
    "Ravel": _ravel,
    "Repeat": _repeat,
    "Reshape": _reshape,
    "Roll": _roll,
    "Split": _split,
    "Squeeze": _squeeze,
    "Stack": _stack,
    "Swapaxes": _swapaxes,
    "Take": _take,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unstack": _unstack,
}
