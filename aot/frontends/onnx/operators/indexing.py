"""Elements by their positions, and positions by their elements."""

import math
from collections.abc import Sequence

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import aligned, binary
from aot.frontends.building.movement import joined, picked, sliced
from aot.frontends.building.value import without
from aot.frontends.onnx.file import TYPES
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Array, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.cast import Cast
from aot.ops.common import require
from aot.ops.comparison import Less
from aot.ops.cumsum import CumSum
from aot.ops.division import FloorMod
from aot.ops.functions import Neg
from aot.ops.gather import Gather, GatherNd
from aot.ops.mul import Mul
from aot.ops.one_hot import OneHot
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.scatter_nd import REDUCTIONS, ScatterNd
from aot.ops.select import SelectV2
from aot.ops.top_k import TopK


def _known_positions(indices: Value, extent: int) -> Array:
    """Constant positions along an axis, which may count from the end."""
    positions = np.where(indices.array < 0, indices.array + extent, indices.array)
    require(bool(np.all((positions >= 0) & (positions < extent))), "an index is out of range")
    return positions


def from_start(call: Call, indices: Value, extent: int) -> Value:
    """Positions, those that count from the end made others that do not."""
    if indices.constant:
        return call.build.constant(_known_positions(indices, extent).astype(np.int32), indices.label)
    return call.build.like(indices, FloorMod, (call.build.number(extent, indices.dtype),))


def _gather(call: Call) -> Value:
    """One element, or a run of them, is a slice."""
    x, indices = call.input(0), call.input(1)
    axis = axis_of(call.node.integer("axis", 0), x.rank)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if indices.constant and indices.elements:
        positions = _known_positions(indices, x.shape[axis]).ravel().tolist()
        if positions == list(range(positions[0], positions[0] + len(positions))):
            run = [range(e) for e in x.shape]
            run[axis] = range(positions[0], positions[0] + len(positions))
            return call.build.reshape(sliced(call, x, run), shape)
        return call.build.reshape(picked(call, x, {axis: positions}), shape)
    operands = (call.build.stored(x), call.build.stored(from_start(call, indices, x.shape[axis])))
    return call.build.emit(Gather, operands, shape, x.dtype, axis=axis)


def _gather_nd(call: Call) -> Value:
    """The last dimension of the indices is a position; with batches it goes on where the batch is."""
    x, indices, batch = call.input(0), call.input(1), call.node.integer("batch_dims", 0)
    require(x.shape[:batch] == indices.shape[:batch], "other batches of data than of indices")
    depth = indices.shape[-1]
    require(1 <= depth <= x.rank - batch, f"positions of {depth} numbers in {x.rank - batch} dimensions")
    indices = _positions(call, indices, np.array(x.shape[batch : batch + depth]))
    if batch:
        places = np.moveaxis(np.indices(indices.shape[:-1])[:batch], 0, -1).astype(indices.dtype)
        indices = _side_by_side(call, [call.build.constant(places, "batches"), indices])
    shape = (*indices.shape[:-1], *x.shape[batch + depth :])
    return call.build.emit(GatherNd, (call.build.stored(x), call.build.stored(indices)), shape, x.dtype)


def _positions(call: Call, indices: Value, extents: Array) -> Value:
    """The last dimension is a position, whose numbers may count from the end."""
    if indices.constant:
        given = np.where(indices.array < 0, indices.array + extents, indices.array)
        require(bool(np.all((given >= 0) & (given < extents))), "an index is out of range")
        return call.build.constant(given.astype(np.int32), indices.label)
    return binary(call, FloorMod, indices, call.build.constant(extents.astype(indices.dtype), "extents"))


def _side_by_side(call: Call, values: Sequence[Value]) -> Value:
    """Along the last axis."""
    if all(v.constant for v in values):
        return call.build.constant(np.concatenate([v.array for v in values], -1), values[-1].label)
    return joined(call, values, values[0].rank - 1)


def _places(call: Call, indices: Value, shape: tuple[int, ...]) -> Value:
    """Where in all of a tensor each index is, if along `axis` it counts and along the others its own place does."""
    build, axis = call.build, axis_of(call.node.integer("axis", 0), len(shape))
    inside = all(i <= e for a, (i, e) in enumerate(zip(indices.shape, shape, strict=True)) if a != axis)
    require(inside, f"indices of shape {list(indices.shape)} for {list(shape)}")
    along = from_start(call, indices, shape[axis])
    strides = [math.prod(shape[a + 1 :]) for a in range(len(shape))]
    own = np.indices(indices.shape)
    rest = sum((own[a] * strides[a] for a in range(len(shape)) if a != axis), np.zeros(indices.shape, np.int64))
    if along.constant:
        return build.constant((along.array * strides[axis] + rest).astype(np.int32), indices.label)
    scaled = build.like(along, Mul, (build.number(strides[axis], along.dtype),))
    return binary(call, Add, scaled, build.constant(rest.astype(along.dtype), "places"))


def _gather_elements(call: Call) -> Value:
    """y[i, j] = x[indices[i, j], j]."""
    x, build = call.input(0), call.build
    places = _places(call, call.input(1), x.shape)
    operands = (build.stored(build.reshape(x, (x.elements,))), build.stored(places))
    return build.emit(Gather, operands, places.shape, x.dtype, axis=0)


def _reduction(call: Call) -> str:
    found = call.node.text("reduction", "none")
    require(found in REDUCTIONS, f"reduction {found}")
    return found


def _scatter_nd(call: Call) -> Value:
    x, updates, build = call.input(0), call.input(2), call.build
    places = _positions(call, call.input(1), np.array(x.shape[: call.input(1).shape[-1]]))
    operands = (build.stored(x), build.stored(places), build.stored(updates))
    return build.emit(ScatterNd, operands, x.shape, x.dtype, reduction=_reduction(call))


def _scatter_elements(call: Call) -> Value:
    """All of `x` in one dimension."""
    x, updates, build = call.input(0), call.input(2), call.build
    places = _places(call, call.input(1), x.shape)
    flat, new = build.reshape(x, (x.elements,)), build.reshape(updates, (updates.elements,))
    operands = [build.stored(v) for v in (flat, build.reshape(places, (places.elements, 1)), new)]
    return build.reshape(build.emit(ScatterNd, operands, flat.shape, x.dtype, reduction=_reduction(call)), x.shape)


def _one_hot(call: Call) -> Value:
    """Indices from the end count, those beyond both ends are nowhere."""
    build, depth = call.build, int(call.known(1, "the depth").reshape(()))
    indices, values = call.input(0), call.input(2)
    require(depth >= 1, f"a depth of {depth}")
    if indices.dtype not in ("int32", "int64"):
        indices = build.like(indices, Cast, dtype="int32")
    ends = build.like(indices, Add, (build.number(depth, indices.dtype),))
    below = build.like(indices, Less, (build.number(0, indices.dtype),), dtype="bool")
    names, shape, order = aligned(call, (below, ends, indices))
    wrapped = build.emit(SelectV2, names, shape, indices.dtype, order)
    off, on = (build.stored(build.reshape(sliced(call, values, [range(i, i + 1)]), ())) for i in (0, 1))
    axis = axis_of(call.node.integer("axis", -1), indices.rank + 1)
    operands = (build.stored(wrapped), build.number(depth, "int32"), on, off)
    return build.emit(
        OneHot, operands, (*shape[:axis], depth, *shape[axis:]), values.dtype, axis=axis
    )  # fmt: skip


def _top_k(call: Call) -> Sequence[Value]:
    """Along the last axis in memory; the smallest are the largest of the negative."""
    x, build = call.input(0), call.build
    k = int(call.known(1, "k").reshape(()))
    axis = axis_of(call.node.integer("axis", -1), x.rank)
    require(1 <= k <= x.shape[axis], f"the {k} first of {x.shape[axis]}")
    smallest = not call.node.flag("largest", True)
    order = (*(a for a in x.natural_order() if a != axis), axis)
    rows = build.settled(build.like(x, Neg) if smallest else x, order)
    shape = tuple(k if a == axis else e for a, e in enumerate(x.shape))
    outputs = [(shape, x.dtype), (shape, "int32")]
    values, places = build.emit_all(TopK, (build.stored(rows, order),), outputs, order, k=k)
    return [build.like(values, Neg) if smallest else values, build.like(places, Cast, dtype="int64")]


def _extreme(call: Call, kind: type[ArgMax]) -> Value:
    """The first of equal elements, or the last: the first from the end."""
    x, build = call.input(0), call.build
    axis = axis_of(call.node.integer("axis", 0), x.rank)
    last = call.node.flag("select_last_index")
    if last:
        x = sliced(call, x, [range(e)[:: -1 if a == axis else 1] for a, e in enumerate(x.shape)])
    order = x.natural_order()
    kept = tuple(e for i, e in enumerate(x.shape) if i != axis)
    y = build.emit(kind, (build.stored(x, order),), kept, "int64", without(order, [axis]), axis=order.index(axis))
    if last:
        y = binary(call, Sub, build.constant(np.asarray(x.shape[axis] - 1, np.int64), "last"), y)
    shape = [1 if i == axis else e for i, e in enumerate(x.shape)]
    return build.reshape(y, shape) if call.node.flag("keepdims", True) else y


def _hardmax(call: Call) -> Value:
    """1 at the first of the largest elements, 0 elsewhere; before opset 13, of all axes from one on together."""
    x, build, old = call.input(0), call.build, call.node.opset < 13
    axis = axis_of(call.node.integer("axis", 1 if old else -1), x.rank)
    shape = x.shape
    if old:
        x, axis = build.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:]))), 1
    order = (*(a for a in x.natural_order() if a != axis), axis)
    extents = tuple(e for a, e in enumerate(x.shape) if a != axis)
    rest = without(order, [axis])
    places = build.emit(ArgMax, (build.stored(x, order),), extents, "int32", rest, axis=x.rank - 1)
    operands = (build.stored(places, rest), build.number(x.shape[axis], "int32"), build.number(1.0), build.number(0.0))
    return build.reshape(build.emit(OneHot, operands, x.shape, order=order, axis=x.rank - 1), shape)


def _cumsum(call: Call) -> Value:
    x, node = call.input(0), call.node
    axis = axis_of(int(call.known(1, "the axis").reshape(())), x.rank)
    order = x.natural_order()
    x = x if x.axis_order() else call.build.settled(x, order)
    return call.build.emit(
        CumSum, (call.build.stored(x, order),), x.shape, x.dtype, order, axis=order.index(axis),
        exclusive=node.flag("exclusive"), reverse=node.flag("reverse"),
    )  # fmt: skip


def _reverse_sequence(call: Call) -> Value:
    x, node = call.input(0), call.node
    axis, batch = (axis_of(node.integer(name, d), x.rank) for name, d in (("time_axis", 0), ("batch_axis", 1)))
    order = x.natural_order()
    operands = (call.build.stored(x, order), call.build.stored(call.input(1)))
    return call.build.emit(
        ReverseSequence, operands, x.shape, x.dtype, order, axis=order.index(axis), batch_axis=order.index(batch)
    )


def _trilu(call: Call) -> Value:
    """What is above or below a diagonal; 0 elsewhere."""
    x, k = call.input(0), int(call.known(1, "k").reshape(())) if call.has(1) else 0
    rows, columns = x.shape[-2:]
    ones = np.ones((rows, columns), np.bool_)
    kept = np.triu(ones, k) if call.node.flag("upper", True) else np.tril(ones, k)
    zero = call.build.constant(np.zeros((), x.dtype), "zero")
    names, shape, order = aligned(call, (call.build.constant(kept, "kept"), x, zero))
    return call.build.emit(SelectV2, names, shape, x.dtype, order)


def _eye_like(call: Call) -> Value:
    x = call.input(0)
    require(x.rank == 2, f"{x.rank} dimensions")
    dtype = TYPES.get(call.node.integer("dtype", 0)) or x.dtype
    return call.build.constant(
        np.eye(x.shape[0], x.shape[1], call.node.integer("k", 0)).astype(dtype), call.build.label
    )


def _by_values(call: Call) -> Value:
    """What makes a tensor of numbers that are only known when the model runs."""
    for i in range(len(call.inputs)):
        call.known(i, "what says its shape")
    raise Unsupported("its shape depends on values")


def _as_many_as_found(call: Call) -> Value:
    raise Unsupported("how many elements it gives depends on values; let the caller do it, or export without it")


READERS: dict[str, Reader] = {
    "ArgMax": lambda call: _extreme(call, ArgMax),
    "ArgMin": lambda call: _extreme(call, ArgMin),
    "Compress": _as_many_as_found,
    "ConstantOfShape": _by_values,
    "CumSum": _cumsum,
    "EyeLike": _eye_like,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Hardmax": _hardmax,
    "NonMaxSuppression": _as_many_as_found,
    "NonZero": _as_many_as_found,
    "OneHot": _one_hot,
    "Range": _by_values,
    "ReverseSequence": _reverse_sequence,
    "Scatter": _scatter_elements,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
    "TopK": _top_k,
    "Trilu": _trilu,
    "Unique": _as_many_as_found,
}
