"""Seeded graphs of one operator that moves elements, of every type that LiteRT takes there."""

from collections.abc import Callable

import graphs
import numpy as np
from graphs import Rng, graph_of

from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.blocks import BatchToSpace, DepthToSpace, SpaceToBatch, SpaceToDepth
from aot.ops.concatenation import Concatenation
from aot.ops.gather import EmbeddingLookup, Gather, GatherNd
from aot.ops.mirror_pad import MirrorPad
from aot.ops.pack import Pack
from aot.ops.pad import Pad, PadV2
from aot.ops.rearrange import BroadcastTo, Reverse, Tile
from aot.ops.reshape import Reshape
from aot.ops.shape import Shape
from aot.ops.slice import Slice, StridedSlice
from aot.ops.split import Split, SplitV, Unpack
from aot.ops.transpose import Transpose
from aot.ops.view import Indexed, View

ALL = ("bool", "float32", "int16", "int32", "int64", "int8", "uint8")
NO_BOOL = ALL[1:]
IMAGE = ("float32", "int32", "int64", "int8", "uint8")
Builder = Callable[[Rng, str], Graph]


def small(rng: Rng, rank: int, most: int = 300) -> tuple[int, ...]:
    """`rank` dimensions with at most `most` elements in all."""
    while True:
        dims = graphs.shape(rng, rank, 9)
        if np.prod(dims) <= most:
            return dims


def tensor(rng: Rng, name: str, dims: tuple[int, ...], dtype: str) -> Tensor:
    """One of any type; int16 has its zero point at 0, as TensorFlow Lite wants it."""
    zeros = {"int8": graphs.zero_point(rng), "uint8": int(rng.integers(0, 256)), "int16": 0}
    quant = Quant((graphs.scale(rng),), (zeros[dtype],)) if dtype in zeros else None
    return Tensor(name, dims, dtype, quant)


def like(x: Tensor, name: str, dims: tuple[int, ...]) -> Tensor:
    """Another tensor of the same type and quantization."""
    return Tensor(name, tuple(int(d) for d in dims), x.dtype, x.quant)


def ranks(rng: Rng, most: int) -> int:
    """From 1 to `most`."""
    return int(rng.integers(1, most + 1))


def viewed(kind: type[View | Indexed], x: Tensor, **attributes: object) -> Graph:
    """`kind` of x; its own `shape_of` says the output's shape, which LiteRT then has to confirm."""
    op = kind(name="y", inputs=("x",), outputs=("y",), **attributes)  # type: ignore[call-arg] # of a subclass
    return graph_of(kind, [x], like(x, "y", op.shape_of(x)), **attributes)


def slice_(rng: Rng, dtype: str) -> Graph:
    """Any part of up to 5 dimensions."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5)), dtype)
    begin = tuple(int(rng.integers(0, d)) for d in x.shape)
    size = tuple(int(rng.integers(1, d - b + 1)) for d, b in zip(x.shape, begin, strict=True))
    return viewed(Slice, x, begin=begin, size=size)


def strided_slice(rng: Rng, dtype: str) -> Graph:
    """Any masks and strides that leave something, indices far beyond the ends."""
    while True:
        x = tensor(rng, "x", small(rng, ranks(rng, 4)), dtype)
        count = int(rng.integers(1, len(x.shape) + 2))
        begin, end = (tuple(int(v) for v in rng.integers(-12, 13, count)) for _ in range(2))
        strides = tuple(int(v) for v in rng.choice([1, 1, 1, 2, 3, -1, -2, -3], count))
        names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask")
        masks = {name: int(rng.integers(0, 1 << count)) & int(rng.integers(0, 1 << count)) for name in names}
        masks["ellipsis_mask"] = 1 << int(rng.integers(0, count)) if rng.random() < 0.3 else 0
        try:
            return viewed(StridedSlice, x, begin=begin, end=end, strides=strides, **masks)
        except Unsupported:
            continue


def broadcast_to(rng: Rng, dtype: str) -> Graph:
    """Up to 6 dimensions, scalars too; a third of the cases only adds some."""
    shape = small(rng, ranks(rng, 6))
    kept = tuple(1 if rng.random() < 0.5 else d for d in shape) if rng.random() < 0.7 else shape
    x = tensor(rng, "x", kept[int(rng.integers(0, len(kept) + 1)) :], dtype)
    return viewed(BroadcastTo, x, shape=shape)


def tile(rng: Rng, dtype: str) -> Graph:
    """Up to three times along each dimension."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5), 60), dtype)
    return viewed(Tile, x, multiples=tuple(int(rng.choice([1, 1, 2, 3])) for _ in x.shape))


def reverse(rng: Rng, dtype: str) -> Graph:
    """Neighbouring axes: LiteRT takes no others."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5)), dtype)
    first = int(rng.integers(0, len(x.shape)))
    return viewed(Reverse, x, axes=tuple(range(first, int(rng.integers(first + 1, len(x.shape) + 1)))))


def space_to_depth(rng: Rng, dtype: str) -> Graph:
    """Blocks of up to 3 x 3."""
    block = int(rng.integers(1, 4))
    n, h, w, c = (graphs.size(rng, 4) for _ in range(4))
    return viewed(SpaceToDepth, tensor(rng, "x", (n, h * block, w * block, c), dtype), block=block)


def depth_to_space(rng: Rng, dtype: str) -> Graph:
    """Blocks of up to 3 x 3."""
    block = int(rng.integers(1, 4))
    n, h, w, c = (graphs.size(rng, 4) for _ in range(4))
    return viewed(DepthToSpace, tensor(rng, "x", (n, h, w, c * block**2), dtype), block=block)


def batch_to_space(rng: Rng, dtype: str) -> Graph:
    """Of 3 or 4 dimensions, with crops."""
    block, dims = _blocks(rng)
    crops = tuple(tuple(int(v) for v in rng.integers(0, (d * b + 1) // 2, 2)) for d, b in zip(dims, block, strict=True))
    batches = int(np.prod(block)) * graphs.size(rng, 3)
    x = tensor(rng, "x", (batches, *dims, graphs.size(rng, 17 if rng.random() < 0.3 else 5)), dtype)
    return viewed(BatchToSpace, x, block=block, crops=crops)


def space_to_batch(rng: Rng, dtype: str) -> Graph:
    """Of 3 or 4 dimensions, with paddings."""
    block, dims = _blocks(rng)
    before = [int(rng.integers(0, 4)) for _ in block]
    behind = [int(rng.integers(0, 2)) * b + -(d + n) % b for d, b, n in zip(dims, block, before, strict=True)]
    if rng.random() < 0.3:  # no padding at all
        dims, before, behind = [d * b for d, b in zip(dims, block, strict=True)], [0] * len(block), [0] * len(block)
    x = tensor(rng, "x", (graphs.size(rng, 3), *dims, graphs.size(rng, 17 if rng.random() < 0.3 else 5)), dtype)
    pads = tuple(zip(before, behind, strict=True))
    spatial = [(d + a + b) // n for d, (a, b), n in zip(dims, pads, block, strict=True)]
    y = like(x, "y", (x.shape[0] * int(np.prod(block)), *spatial, x.shape[-1]))
    return graph_of(SpaceToBatch, [x], y, block=block, pads=pads)


def _blocks(rng: Rng) -> tuple[tuple[int, ...], list[int]]:
    """Block sizes and as many dimensions."""
    block = tuple(int(rng.integers(1, 4)) for _ in range(int(rng.integers(1, 3))))
    return block, [graphs.size(rng, 5) for _ in block]


def mirror_pad(rng: Rng, dtype: str) -> Graph:
    """Both modes, as wide as they go."""
    x, symmetric = tensor(rng, "x", small(rng, ranks(rng, 5), 60), dtype), bool(rng.random() < 0.5)
    most = [min(d if symmetric else d - 1, 3) for d in x.shape]
    pads = tuple(tuple(int(v) for v in rng.integers(0, m + 1, 2)) if rng.random() < 0.6 else (0, 0) for m in most)
    return viewed(MirrorPad, x, pads=pads, symmetric=symmetric)


def pad_v2(rng: Rng, dtype: str) -> Graph:
    """Any value, constant or not."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5), 60), dtype)
    value = like(x, "value", () if rng.random() < 0.5 else (1,))
    if rng.random() < 0.5:
        value = Tensor(value.name, value.shape, dtype, value.quant, graphs.values(rng, value))
    pads = tuple(tuple(int(v) for v in rng.integers(0, 3, 2)) for _ in x.shape)
    y = like(x, "y", tuple(d + sum(p) for d, p in zip(x.shape, pads, strict=True)))
    return graph_of(PadV2, [x, value], y, pads=pads)


def pack(rng: Rng, dtype: str) -> Graph:
    """One to four inputs along any axis; at times one of them twice, or a constant."""
    first = tensor(rng, "x0", small(rng, int(rng.integers(0, 5)), 100), dtype)
    axis, xs = int(rng.integers(0, len(first.shape) + 1)), [first]
    for i in range(1, int(rng.integers(1, 5))):
        x = like(first, f"x{i}", first.shape)
        data = graphs.values(rng, x) if rng.random() < 0.2 else None
        xs.append(Tensor(x.name, x.shape, dtype, x.quant, data))
    y = like(first, "y", (*first.shape[:axis], len(xs), *first.shape[axis:]))
    return graph_of(Pack, [*xs], y, axis=axis)


def _cut(rng: Rng, kind: type[Split], x: Tensor, shapes: list[tuple[int, ...]], **attributes: object) -> Graph:
    """A graph whose outputs are one or all of the operator's."""
    ys = tuple(like(x, f"y{i}", dims) for i, dims in enumerate(shapes))
    names = tuple(y.name for y in ys)
    op = kind(name=names[0], inputs=("x",), outputs=names, **attributes)  # type: ignore[arg-type] # its attributes
    shown = (str(rng.choice(names)),) if rng.random() < 0.5 else names
    return Graph("net", {t.name: t for t in (x, *ys)}, (op,), ("x",), shown)


def split(rng: Rng, dtype: str) -> Graph:
    """Equal parts."""
    part, count = small(rng, ranks(rng, 5), 60), int(rng.integers(1, 5))
    axis = int(rng.integers(0, len(part)))
    x = tensor(rng, "x", (*part[:axis], part[axis] * count, *part[axis + 1 :]), dtype)
    return _cut(rng, Split, x, [part] * count, axis=axis)


def split_v(rng: Rng, dtype: str) -> Graph:
    """Parts of any size."""
    dims = small(rng, ranks(rng, 5), 30)
    axis = int(rng.integers(0, len(dims)))
    sizes = tuple(graphs.size(rng, 5) for _ in range(int(rng.integers(1, 5))))
    x = tensor(rng, "x", (*dims[:axis], sum(sizes), *dims[axis + 1 :]), dtype)
    parts = [(*dims[:axis], size, *dims[axis + 1 :]) for size in sizes]
    return _cut(rng, SplitV, x, parts, axis=axis, sizes=sizes)


def unpack(rng: Rng, dtype: str) -> Graph:
    """Along any axis."""
    part, count = small(rng, int(rng.integers(0, 4)), 60), int(rng.integers(1, 5))
    axis = int(rng.integers(0, len(part) + 1))
    return _cut(rng, Unpack, tensor(rng, "x", (*part[:axis], count, *part[axis:]), dtype), [part] * count, axis=axis)


def indices(rng: Rng, dims: tuple[int, ...], below: tuple[int, ...], types: tuple[str, ...]) -> Tensor:
    """Constants in range, or an input."""
    dtype = str(rng.choice(types))
    data = (rng.random(dims) * np.array(below)).astype(dtype) if rng.random() < 0.5 else None
    return Tensor("indices", dims, dtype, data=data)


def gather(rng: Rng, dtype: str) -> Graph:
    """Any axis and batch dimensions; indices of any shape."""
    x = tensor(rng, "x", small(rng, ranks(rng, 4), 100), dtype)
    axis = int(rng.integers(0, len(x.shape)))
    batch = int(rng.integers(0, axis + 1))
    more = tuple(graphs.size(rng, 4) for _ in range(int(rng.integers(0, 3))))
    chosen = indices(rng, (*x.shape[:batch], *more), (x.shape[axis],), ("int16", "int32", "int64"))
    y = like(x, "y", (*x.shape[:axis], *more, *x.shape[axis + 1 :]))
    return graph_of(Gather, [x, chosen], y, axis=axis, batch_dims=batch)


def embedding_lookup(rng: Rng, dtype: str) -> Graph:
    """Rows of a table."""
    x = tensor(rng, "x", small(rng, int(rng.integers(2, 5)), 100), dtype)
    chosen = indices(rng, (graphs.size(rng, 9),), (x.shape[0],), ("int32",))
    if not chosen.constant:
        x = Tensor(x.name, x.shape, dtype, x.quant, graphs.values(rng, x))
    return graph_of(EmbeddingLookup, [chosen, x], like(x, "y", (*chosen.shape, *x.shape[1:])))


def gather_nd(rng: Rng, dtype: str) -> Graph:
    """Positions of any depth."""
    x = tensor(rng, "x", small(rng, ranks(rng, 4), 100), dtype)
    depth = ranks(rng, len(x.shape))
    more = tuple(graphs.size(rng, 4) for _ in range(ranks(rng, 2)))
    chosen = indices(rng, (*more, depth), x.shape[:depth], ("int16", "int32", "int64"))
    return graph_of(GatherNd, [x, chosen], like(x, "y", (*more, *x.shape[depth:])))


def shape(rng: Rng, dtype: str) -> Graph:
    """Of any tensor."""
    x = tensor(rng, "x", small(rng, ranks(rng, 6)), dtype)
    return graph_of(Shape, [x], Tensor("y", (len(x.shape),), str(rng.choice(["int32", "int64"]))))


def pad(rng: Rng, dtype: str) -> Graph:
    """Paddings on any dimension."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5), 60), dtype)
    pads = tuple(tuple(int(v) for v in rng.integers(0, 3, 2)) for _ in x.shape)
    return graph_of(Pad, [x], like(x, "y", tuple(d + sum(p) for d, p in zip(x.shape, pads, strict=True))), pads=pads)


def transpose(rng: Rng, dtype: str) -> Graph:
    """Any permutation."""
    x = tensor(rng, "x", small(rng, ranks(rng, 6)), dtype)
    return viewed(Transpose, x, permutation=tuple(int(i) for i in rng.permutation(len(x.shape))))


def concatenation(rng: Rng, dtype: str) -> Graph:
    """One to four inputs along any axis."""
    dims = small(rng, ranks(rng, 6), 60)
    axis, first = int(rng.integers(0, len(dims))), tensor(rng, "x0", dims, dtype)
    sizes = [dims[axis], *(graphs.size(rng, 5) for _ in range(int(rng.integers(0, 4))))]
    xs = [like(first, f"x{i}", (*dims[:axis], n, *dims[axis + 1 :])) for i, n in enumerate(sizes)]
    return graph_of(Concatenation, [*xs], like(first, "y", (*dims[:axis], sum(sizes), *dims[axis + 1 :])), axis=axis)


def reshape(rng: Rng, dtype: str) -> Graph:
    """The dimensions in another order, as a shape."""
    x = tensor(rng, "x", small(rng, ranks(rng, 6)), dtype)
    return graph_of(Reshape, [x], like(x, "y", tuple(rng.permutation(x.shape))))


# For each operator: its builder, and the types that LiteRT's kernel takes.
TYPED: dict[type[Op], tuple[Builder, tuple[str, ...]]] = {
    Concatenation: (concatenation, ALL),
    Pad: (pad, ALL),
    Reshape: (reshape, ALL),
    Transpose: (transpose, ALL),
    BatchToSpace: (batch_to_space, ALL),
    BroadcastTo: (broadcast_to, ALL),
    DepthToSpace: (depth_to_space, IMAGE),
    EmbeddingLookup: (embedding_lookup, ALL),
    Gather: (gather, ALL),
    GatherNd: (gather_nd, ALL),
    MirrorPad: (mirror_pad, ALL),
    Pack: (pack, NO_BOOL),
    PadV2: (pad_v2, ALL),
    Reverse: (reverse, ALL),
    Shape: (shape, ALL),
    Slice: (slice_, ALL),
    SpaceToBatch: (space_to_batch, ALL),
    SpaceToDepth: (space_to_depth, IMAGE),
    Split: (split, NO_BOOL),
    SplitV: (split_v, NO_BOOL),
    StridedSlice: (strided_slice, ALL),
    Tile: (tile, ALL),
    Unpack: (unpack, ("bool", "float32", "int16", "int32", "int8", "uint8")),
}


def of_type(builder: Builder, dtype: str) -> Callable[[Rng], Graph]:
    """The builder with its type."""
    return lambda rng: builder(rng, dtype)


BUILDERS = {f"{k.__name__} {t}": of_type(build, t) for k, (build, types) in TYPED.items() for t in types}
