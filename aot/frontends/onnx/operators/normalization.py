"""Normalizations: constants become a factor and an offset for each channel; moments are one operator's."""

import math

import numpy as np

from aot.frontends.building import Order, Value
from aot.frontends.building.elementwise import binary
from aot.frontends.building.layers import folded
from aot.frontends.building.reduction import reduced
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Array
from aot.ops.add import Add
from aot.ops.binary import Maximum
from aot.ops.common import require
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.division import Div
from aot.ops.functions import Square
from aot.ops.mul import Mul
from aot.ops.normalize import Normalize
from aot.ops.pow import Pow
from aot.ops.reduce import Sum
from aot.ops.roots import Sqrt
from aot.ops.two_slopes import Abs

_LEAST = float(np.finfo(np.float32).tiny)


def _batch_normalization(call: Call) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, all of them by channel."""
    require(not call.node.flag("training_mode"), "training")
    x = call.input(0)
    scale, offset, mean, variance = (call.known(i, "a parameter").astype(np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + call.node.real("epsilon", 1e-5))
    shift = offset - mean * factor
    if call.alone(0) and x.rank > 1 and (y := folded(call.build, x, 1, factor, shift)) is not None:
        return y
    shape = (-1, *(1 for _ in x.shape[2:]))
    factors, offsets = (
        call.build.constant(v.astype(np.float32).reshape(shape), f"{call.build.label}_{name}")
        for v, name in ((factor, "factor"), (shift, "offset"))
    )
    return binary(call, Add, binary(call, Mul, x, factors), offsets)


def _parameters(call: Call, shape: tuple[int, ...], groups: int = 0) -> tuple[Array, Array | None]:
    """Scale and bias of the elements of `shape`; there may be one for each of its `groups`."""
    found: list[Array | None] = []
    for index, what in ((1, "the scale"), (2, "the bias")):
        if not call.has(index):
            found.append(None)
            continue
        data = call.known(index, what)
        if groups and data.size == groups:
            data = np.repeat(data.ravel(), math.prod(shape) // groups)
        found.append(np.ascontiguousarray(np.broadcast_to(data, shape)).reshape(-1).astype(np.float32))
    scale = found[0]
    return np.ones(math.prod(shape), np.float32) if scale is None else scale, found[1]


def _normalized(
    call: Call, x: Value, order: Order, batch_dims: int, parameters: tuple[Array, Array | None], groups: int = 1,
    centred: bool = True,
) -> Value:  # fmt: skip
    """`x` in this order, whose last axis the parameters belong to."""
    require(call.node.integer("stash_type", 1) == 1, "another type than float32 for the moments")
    require(sum(bool(name) for name in call.node.outputs) == 1, "moments as outputs")
    build = call.build
    scale, bias = (None if p is None else build.literal(p, what)
                   for p, what in zip(parameters, ("scale", "bias"), strict=True))  # fmt: skip
    return build.emit(
        Normalize, (build.stored(x, order), scale, bias), x.shape, order=order, batch_dims=batch_dims,
        groups=groups, epsilon=call.node.real("epsilon", 1e-5), centred=centred,
    )  # fmt: skip


def _over_last_axes(call: Call, centred: bool) -> Value:
    """All elements from an axis on; of the last axis alone, the others lie as they like."""
    x = call.input(0)
    axis = axis_of(call.node.integer("axis", -1), x.rank)
    parameters = _parameters(call, x.shape[axis:])
    if axis == x.rank - 1:
        order = (*(a for a in x.natural_order() if a != axis), axis)
        return _normalized(call, x, order, axis, parameters, centred=centred)
    order = x.natural_order()
    if set(order[axis:]) != set(range(axis, x.rank)):
        order = tuple(range(x.rank))
    inner = [a - axis for a in order[axis:]]
    scale, bias = (None if p is None else p.reshape(x.shape[axis:]).transpose(inner).reshape(-1) for p in parameters)
    assert scale is not None
    lying = x.transposed(order)  # as in memory: the sums are over all elements, whatever their order
    rows = call.build.reshape(lying, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
    y = call.build.reshape(_normalized(call, rows, (0, 1), 1, (scale, bias), centred=centred), lying.shape)
    return y.transposed([order.index(a) for a in range(x.rank)])


def _channels_last(x: Value) -> Order:
    return (0, *range(2, x.rank), 1)


def _by_groups(call: Call, x: Value) -> Value | None:
    """Instances that are groups of the channels of an image, as PyTorch writes its group normalization.

    [batch, group, rest], where memory has the channels of all groups innermost; None for other inputs.
    """
    if x.constant or x.rank != 3 or len(x.factors[2]) < 2:
        return None
    grid = x.reshaped((*x.shape[:2], *x.factors[2]))
    if grid is None or not grid.lies_in(order := (0, *range(3, grid.rank), 1, 2)):
        return None
    groups, width = grid.shape[1:3]
    lying = grid.transposed(order)
    pixels = call.build.reshape(lying, (x.shape[0], x.elements // (x.shape[0] * groups * width), groups * width))
    parameters = _parameters(call, (groups * width,), groups)
    y = call.build.reshape(_normalized(call, pixels, (0, 1, 2), 1, parameters, groups), lying.shape)
    return call.build.reshape(y.transposed([order.index(a) for a in range(grid.rank)]), x.shape)


def _instance_normalization(call: Call) -> Value:
    x = call.input(0)
    if (y := _by_groups(call, x)) is not None:
        return y
    return _normalized(call, x, _channels_last(x), 1, _parameters(call, x.shape[1:2]), x.shape[1])


def _group_normalization(call: Call) -> Value:
    """Before opset 21 scale and bias are those of groups."""
    x, groups = call.input(0), call.node.integer("num_groups", 1)
    require(groups >= 1 and x.shape[1] % groups == 0, f"{x.shape[1]} channels in {groups} groups")
    by_group = groups if call.node.opset < 21 else 0
    return _normalized(call, x, _channels_last(x), 1, _parameters(call, x.shape[1:2], by_group), groups)


def _lp_normalization(call: Call) -> Value:
    """x / (the p-th root of the sum of |x| ** p), 0 where that is 0."""
    x, p, build = call.input(0), call.node.integer("p", 2), call.build
    require(p in (1, 2), f"p = {p}")
    axis = axis_of(call.node.integer("axis", -1), x.rank)
    sums = reduced(call, build.like(x, Square if p == 2 else Abs), Sum, (axis,), keep=True)
    norm = build.like(sums, Sqrt) if p == 2 else sums
    return binary(call, Div, x, build.like(norm, Maximum, (build.number(_LEAST),)))


def _local_response_normalization(call: Call) -> Value:
    """x / (bias + alpha / size * the sum of the squares of the nearest `size` channels) ** beta."""
    x, node, build = call.input(0), call.node, call.build
    size, channels = node.integer("size", 1), x.shape[1]
    require(size >= 1, f"size {size}")
    before, after = (min(reach, channels - 1) for reach in ((size - 1) // 2, size // 2))
    order = _channels_last(x)
    last = build.settled(build.like(x, Square), order).transposed(order)
    squares = build.reshape(last, (1, x.elements // channels, channels, 1))
    share = node.real("alpha", 1e-4) / size
    weights = build.literal(np.full((1, 1, before + 1 + after, 1), share, np.float32), "alpha")
    bias = build.literal(np.full(1, node.real("bias", 1.0), np.float32), "bias")
    pads = ((0, 0), (before, after))
    sums = build.emit(DepthwiseConv2D, (build.stored(squares), weights, bias), squares.shape, padding=pads)
    whole = build.reshape(sums, last.shape).transposed([order.index(a) for a in range(x.rank)])
    return binary(call, Div, x, build.like(whole, Pow, (build.number(node.real("beta", 0.75)),)))


READERS: dict[str, Reader] = {
    "BatchNormalization": _batch_normalization,
    "GroupNormalization": _group_normalization,
    "InstanceNormalization": _instance_normalization,
    "LRN": _local_response_normalization,
    "LayerNormalization": lambda call: _over_last_axes(call, centred=True),
    "LpNormalization": _lp_normalization,
    "RMSNormalization": lambda call: _over_last_axes(call, centred=False),
    "SimplifiedLayerNormalization": lambda call: _over_last_axes(call, centred=False),
}
