"""Operators that only move elements: most of them only change what the axes of a value are called."""

import math
from collections.abc import Sequence

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.movement import joined, picked, sliced, surrounded
from aot.frontends.onnx.operators.images import CHANNELS_LAST
from aot.frontends.onnx.records import Call, Reader, axis_of
from aot.graph.ir import Unsupported
from aot.ops.blocks import DepthToSpace, SpaceToDepth
from aot.ops.common import require
from aot.ops.rearrange import BroadcastTo, Tile
from aot.ops.split import SplitV

_MOST_PADDING = 1 << 20


def _transpose(call: Call) -> Value:
    x = call.input(0)
    permutation = call.node.integers("perm", tuple(reversed(range(x.rank))))
    require(sorted(permutation) == list(range(x.rank)), f"perm {permutation} of {x.rank} dimensions")
    return x.transposed(permutation)


def _reshape(call: Call) -> Value:
    x = call.input(0)
    wanted = [int(v) for v in call.known(1, "the shape").ravel()]
    if not call.node.flag("allowzero"):
        wanted = [x.shape[i] if v == 0 and i < x.rank else v for i, v in enumerate(wanted)]
    if -1 in wanted:
        rest = math.prod(v for v in wanted if v != -1)
        require(rest > 0 and x.elements % rest == 0, f"{x.elements} elements do not fit {wanted}")
        wanted[wanted.index(-1)] = x.elements // rest
    require(math.prod(wanted) == x.elements, f"{x.elements} elements do not fit {wanted}")
    return call.build.reshape(x, wanted)


def _flatten(call: Call) -> Value:
    x = call.input(0)
    axis = call.node.integer("axis", 1)
    axis = axis + x.rank if axis < 0 else axis
    return call.build.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def _squeeze(call: Call) -> Value:
    x, given = call.input(0), call.listed(1, "axes", "the axes")
    ones = [i for i, e in enumerate(x.shape) if e == 1]
    axes = ones if given is None else [axis_of(a, x.rank) for a in given]
    require(all(x.shape[a] == 1 for a in axes), f"axes {axes} of shape {list(x.shape)} are not all 1")
    return call.build.reshape(x, [e for i, e in enumerate(x.shape) if i not in axes])


def _unsqueeze(call: Call) -> Value:
    x, given = call.input(0), call.listed(1, "axes", "the axes") or ()
    rank = x.rank + len(given)
    axes = {axis_of(a, rank) for a in given}
    rest = iter(x.shape)
    return call.build.reshape(x, [1 if i in axes else next(rest) for i in range(rank)])


def _same(call: Call) -> Value:
    return call.input(0)


def _concat(call: Call) -> Value:
    values = [call.input(i) for i in range(len(call.inputs))]
    return joined(call, values, axis_of(call.node.integer("axis", 1), values[0].rank))


def _slice(call: Call) -> Value:
    x = call.input(0)
    starts = call.listed(1, "starts", "the starts") or ()
    ends = call.listed(2, "ends", "the ends") or ()
    axes = call.listed(3, "axes", "the axes") or tuple(range(len(starts)))
    steps = (call.listed(4, "steps", "the steps") if call.has(4) else None) or (1,) * len(starts)
    ranges = [range(e) for e in x.shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = axis_of(axis, x.rank)
        require(step != 0, "a step of 0")
        ranges[axis] = range(x.shape[axis])[slice(start, end, step)]
    return sliced(call, x, ranges)


def _split(call: Call) -> Sequence[Value]:
    x, count = call.input(0), len(call.node.outputs)
    axis = axis_of(call.node.integer("axis", 0), x.rank)
    require(call.node.integer("num_outputs", count) == count, f"{count} outputs")
    sizes = call.listed(1, "split", "the sizes") or _even(x.shape[axis], count)
    require(sum(sizes) == x.shape[axis] and len(sizes) == count, f"parts of {list(sizes)} out of {x.shape[axis]}")
    if count == 1:
        return [x]
    if 0 in sizes:
        return _parts(call, x, axis, sizes)
    order = x.natural_order()
    shapes = [((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype) for size in sizes]
    return call.build.emit_all(
        SplitV, (call.build.stored(x, order),), shapes, order, axis=order.index(axis), sizes=tuple(sizes)
    )


def _parts(call: Call, x: Value, axis: int, sizes: Sequence[int]) -> list[Value]:
    """Slices, some of them empty."""
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    places = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    return [sliced(call, x, [part if a == axis else range(e) for a, e in enumerate(x.shape)]) for part in places]


def _even(extent: int, count: int) -> tuple[int, ...]:
    """Equal parts but for the last."""
    part = -(-extent // count)
    return (*(part,) * (count - 1), extent - part * (count - 1))


def _pad(call: Call) -> Value:
    """Negative padding cuts off; other modes than a constant take what is inside, by tables of positions."""
    x, mode = call.input(0), call.node.text("mode", "constant")
    pads = _paddings(call, x)
    require(all(abs(n) <= _MOST_PADDING for pair in pads for n in pair), f"padding {pads}")
    kept = [range(max(-b, 0), e - max(-a, 0)) for e, (b, a) in zip(x.shape, pads, strict=True)]
    x = sliced(call, x, kept)
    pads = [(max(b, 0), max(a, 0)) for b, a in pads]
    if not any(map(any, pads)):
        return x
    if mode == "constant":
        return _padded(call, x, pads)
    require(mode in ("edge", "reflect", "wrap"), f"mode {mode}")
    around = {a: np.pad(np.arange(x.shape[a]), pair, mode=mode) for a, pair in enumerate(pads) if any(pair)}  # type: ignore[call-overload]
    return picked(call, x, {a: table.tolist() for a, table in around.items()})


def _paddings(call: Call, x: Value) -> list[tuple[int, int]]:
    numbers = call.listed(1, "pads", "the padding") or ()
    axes = [axis_of(int(a), x.rank) for a in call.known(3, "the axes").ravel()] if call.has(3) else list(range(x.rank))
    require(len(numbers) == 2 * len(axes), f"{len(numbers)} paddings for {len(axes)} axes")
    pads = [(0, 0)] * x.rank
    for i, axis in enumerate(axes):
        pads[axis] = numbers[i], numbers[len(axes) + i]
    return pads


def _padded(call: Call, x: Value, pads: Sequence[tuple[int, int]]) -> Value:
    value = call.known(2, "the value").reshape(()).item() if call.has(2) else call.node.real("value", 0.0)
    return surrounded(call, x, pads, value)


def _expand(call: Call) -> Value:
    x = call.input(0)
    shape = np.broadcast_shapes(x.shape, tuple(int(v) for v in call.known(1, "the shape")))
    if shape == x.shape:
        return x
    x = call.build.reshape(x, (1,) * (len(shape) - x.rank) + x.shape)
    order = x.natural_order()
    stored = tuple(shape[a] for a in order)
    return call.build.emit(BroadcastTo, (call.build.stored(x, order),), shape, x.dtype, order, shape=stored)


def _tile(call: Call) -> Value:
    x = call.input(0)
    repeats = [int(v) for v in call.known(1, "the repeats").ravel()]
    require(len(repeats) == x.rank, f"{len(repeats)} repeats for {x.rank} dimensions")
    order = x.natural_order()
    shape = [e * r for e, r in zip(x.shape, repeats, strict=True)]
    operands = (call.build.stored(x, order),)
    return call.build.emit(Tile, operands, shape, x.dtype, order, multiples=tuple(repeats[a] for a in order))


def _depth_to_space(call: Call) -> Value:
    """Mode DCR is the operator's; in CRD the block's pixels lie side by side in the channels."""
    x, block = call.input(0), call.node.integer("blocksize", 1)
    n, c, h, w = x.shape
    require(block >= 1 and c % block**2 == 0, f"{c} channels do not fill blocks of {block}")
    shape = (n, c // block**2, h * block, w * block)
    if call.node.text("mode", "DCR") == "CRD":
        grid = call.build.reshape(x, (n, c // block**2, block, block, h, w))
        turned = call.build.settled(grid.transposed((0, 1, 4, 2, 5, 3)), (0, 2, 3, 4, 5, 1))
        return call.build.reshape(turned, shape)
    operands = (call.build.stored(x, CHANNELS_LAST),)
    return call.build.emit(DepthToSpace, operands, shape, x.dtype, CHANNELS_LAST, block=block)


def _space_to_depth(call: Call) -> Value:
    x, block = call.input(0), call.node.integer("blocksize", 1)
    n, c, h, w = x.shape
    require(block >= 1 and h % block == 0 and w % block == 0, f"blocks of {block} in an image of {h} x {w}")
    shape = (n, c * block**2, h // block, w // block)
    if call.node.text("mode", "DCR") == "CRD":
        grid = call.build.reshape(x, (n, c, h // block, block, w // block, block))
        return call.build.reshape(call.build.settled(grid.transposed((0, 1, 3, 5, 2, 4))), shape)
    operands = (call.build.stored(x, CHANNELS_LAST),)
    return call.build.emit(SpaceToDepth, operands, shape, x.dtype, CHANNELS_LAST, block=block)


def _shape(call: Call) -> Value:
    first, behind = call.node.integer("start", 0), call.node.attributes.get("end")
    return call.build.constant(np.array(call.input(0).shape[first:behind], np.int64), call.build.label)


def _size(call: Call) -> Value:
    return call.build.constant(np.asarray(call.input(0).elements, np.int64), call.build.label)


def _dropout(call: Call) -> Sequence[Value]:
    x = call.input(0)
    if call.has(2) and bool(call.known(2, "training_mode").reshape(())):
        raise Unsupported("training")
    return [x, call.build.constant(np.ones(x.shape, np.bool_), "mask")]


READERS: dict[str, Reader] = {
    "Concat": _concat,
    "DepthToSpace": _depth_to_space,
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Identity": _same,
    "Pad": _pad,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
