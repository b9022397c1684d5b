"""Layers of several inputs."""

from functools import partial, reduce

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary, scaled
from aot.frontends.building.movement import joined
from aot.frontends.building.reduction import along_last
from aot.frontends.keras.layers.common import as_real
from aot.frontends.keras.records import Call, Reader, axis_of
from aot.graph.ir import Op, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.binary import Maximum, Minimum
from aot.ops.common import require
from aot.ops.l2_normalization import L2Normalization
from aot.ops.mul import Mul


def _operands(call: Call) -> list[Value]:
    """The inputs as reals of one rank: new axes come behind the batch."""
    values = [as_real(call, v) for v in call.inputs]
    require(len(values) >= 1, "no inputs")
    rank = max(v.rank for v in values)
    return [call.build.reshape(v, (v.shape[0], *(1,) * (rank - v.rank), *v.shape[1:])) for v in values]


def merged(kind: type[Op]) -> Reader:
    """An operator on all inputs, one after the other."""
    return lambda call: reduce(partial(binary, call, kind), _operands(call))


def _subtract(call: Call) -> Value:
    require(len(call.inputs) == 2, f"{len(call.inputs)} inputs; supported: 2")
    return merged(Sub)(call)  # type: ignore[return-value]


def _average(call: Call) -> Value:
    values = _operands(call)
    return scaled(call, reduce(partial(binary, call, Add), values), 1 / len(values))


def _concatenate(call: Call) -> Value:
    values = [as_real(call, v) for v in call.inputs]
    require(len({v.rank for v in values}) == 1, "inputs of different ranks")
    axis = axis_of(call.layer.config.get("axis", -1), values[0].rank)
    shapes = {tuple(e for i, e in enumerate(v.shape) if i != axis) for v in values}
    if len(shapes) != 1:
        raise Unsupported(f"shapes {', '.join(str(list(v.shape)) for v in values)} do not fit along axis {axis}")
    return joined(call, values, axis)


def _dot(call: Call) -> Value:
    """Products of matrices, one for each element of the batch: an axis of each is summed over."""
    layer, values = call.layer, [as_real(call, v) for v in call.inputs]
    require(len(values) == 2 and all(v.rank in (2, 3) for v in values), "other than 2 inputs of 2 or 3 dimensions")
    given = layer.config.get("axes")
    pair = given if isinstance(given, list) else [given, given]
    require(len(pair) == 2, f"axes {given}")
    axes = [axis_of(a, v.rank) for a, v in zip(pair, values, strict=True)]
    require(0 not in axes, "a product over the batch")
    if layer.flag("normalize"):
        values = [along_last(call, v, L2Normalization, a) for a, v in zip(axes, values, strict=True)]
    return _summed(call, values, axes)


def _summed(call: Call, values: list[Value], axes: list[int]) -> Value:
    build, ranks = call.build, [v.rank for v in values]
    a, b = (v if v.rank == 3 else build.reshape(v, (v.shape[0], 1, v.shape[1])) for v in values)
    first, second = (axis if rank == 3 else 2 for axis, rank in zip(axes, ranks, strict=True))
    a = a if first == 2 else a.transposed((0, 2, 1))
    b = b if second == 2 else b.transposed((0, 2, 1))
    require(a.shape[2] == b.shape[2] and a.shape[0] == b.shape[0], f"shapes {list(a.shape)} and {list(b.shape)}")
    shape = (a.shape[0], a.shape[1], b.shape[1])
    y = build.emit(BatchMatMul, (build.stored(a), build.stored(b)), shape, adj_y=True)
    kept = [e for e, rank in zip(shape[1:], ranks, strict=True) if rank == 3]
    return build.reshape(y, (shape[0], *(kept or [1])))


READERS: dict[str, Reader] = {
    "Add": merged(Add),
    "Average": _average,
    "Concatenate": _concatenate,
    "Dot": _dot,
    "Maximum": merged(Maximum),
    "Minimum": merged(Minimum),
    "Multiply": merged(Mul),
    "Subtract": _subtract,
}
