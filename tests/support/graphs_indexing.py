"""Seeded graphs of one operator that finds, counts, replaces or resizes, of every type that LiteRT takes there."""

import graphs
import numpy as np
from graphs import Rng, graph_of
from graphs_movement import ALL, NO_BOOL, Builder, like, of_type, ranks, small, tensor, viewed

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.arg_extreme import ArgMax, ArgMin
from aot.ops.cumsum import CumSum
from aot.ops.dynamic_update_slice import DynamicUpdateSlice
from aot.ops.one_hot import OneHot
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.top_k import TopK

_INDEX = ("int32", "int64")


def _image(rng: Rng, dtype: str) -> tuple[Tensor, tuple[int, int]]:
    """An image, and another height and width for it."""
    x = tensor(rng, "x", (graphs.size(rng, 2), graphs.size(rng), graphs.size(rng, 9), graphs.size(rng, 5)), dtype)
    return x, (graphs.size(rng), graphs.size(rng, 13))


def resize_nearest(rng: Rng, dtype: str) -> Graph:
    """Larger and smaller, with all options."""
    x, size = _image(rng, dtype)
    options = {key: bool(rng.random() < 0.5) for key in ("align_corners", "half_pixel_centers")}
    return viewed(ResizeNearest, x, size=size, **options)


def resize_bilinear(rng: Rng, dtype: str) -> Graph:
    """Larger and smaller, with all options."""
    x, size = _image(rng, dtype)
    aligned = bool(rng.random() < 0.4)
    half = not aligned and bool(rng.random() < 0.5)
    y = like(x, "y", (x.shape[0], *size, x.shape[3]))
    return graph_of(ResizeBilinear, [x], y, size=size, align_corners=aligned, half_pixel_centers=half)


def _arg_extreme(kind: type[ArgMax]) -> Builder:
    def build(rng: Rng, dtype: str) -> Graph:
        x = tensor(rng, "x", small(rng, ranks(rng, 5)), dtype)
        axis = int(rng.integers(0, len(x.shape)))
        y = Tensor("y", (*x.shape[:axis], *x.shape[axis + 1 :]), str(rng.choice(_INDEX)))
        return graph_of(kind, [x], y, axis=axis)

    return build


def cumsum(rng: Rng, dtype: str) -> Graph:
    """Any axis, both directions."""
    x = tensor(rng, "x", small(rng, ranks(rng, 4)), dtype)
    options = {key: bool(rng.random() < 0.5) for key in ("exclusive", "reverse")}
    return graph_of(CumSum, [x], like(x, "y", x.shape), axis=int(rng.integers(0, len(x.shape))), **options)


def dynamic_update_slice(rng: Rng, dtype: str) -> Graph:
    """An update of any size, at any place, inside or not."""
    x = tensor(rng, "x", small(rng, ranks(rng, 5)), dtype)
    update = like(x, "update", tuple(d if rng.random() < 0.4 else int(rng.integers(1, d + 1)) for d in x.shape))
    start = Tensor("start", (len(x.shape),), str(rng.choice(_INDEX)))
    if rng.random() < 0.3:
        start = Tensor("start", start.shape, start.dtype, data=rng.integers(-3, 9, start.shape).astype(start.dtype))
    return graph_of(DynamicUpdateSlice, [x, update, start], like(x, "y", x.shape))


def one_hot(rng: Rng, dtype: str) -> Graph:
    """Along any axis; some indices are out of range, which leaves their row off."""
    indices = Tensor("indices", small(rng, int(rng.integers(0, 4)), 60), str(rng.choice(_INDEX)))
    depth, axis = graphs.size(rng, 9), int(rng.integers(0, len(indices.shape) + 1))
    y = tensor(rng, "y", (*indices.shape[:axis], depth, *indices.shape[axis:]), dtype)
    on, off = like(y, "on", ()), like(y, "off", ())
    if rng.random() < 0.7:
        on, off = (Tensor(t.name, t.shape, dtype, t.quant, graphs.values(rng, t)) for t in (on, off))
    deep = Tensor("depth", (), "int32", data=np.array(depth, np.int32))
    return graph_of(OneHot, [indices, deep, on, off], y, axis=axis)


def top_k(rng: Rng, dtype: str) -> Graph:
    """Few or all of each row; one of the outputs is shown, or both."""
    x = tensor(rng, "x", small(rng, ranks(rng, 4)), dtype)
    k = int(rng.integers(1, x.shape[-1] + 1))
    values = like(x, "values", (*x.shape[:-1], k))
    indices = Tensor("indices", values.shape, "int32")
    names = (values.name, indices.name)
    op = TopK(name="values", inputs=("x",), outputs=names, k=k)
    shown = (str(rng.choice(names)),) if rng.random() < 0.7 else names
    return Graph("net", {t.name: t for t in (x, values, indices)}, (op,), ("x",), shown)


# For each operator: its builder, and the types that LiteRT's kernel takes.
TYPED: dict[type[Op], tuple[Builder, tuple[str, ...]]] = {
    ArgMax: (_arg_extreme(ArgMax), ("bool", "float32", "int32", "int8", "uint8")),
    ArgMin: (_arg_extreme(ArgMin), ("bool", "float32", "int32", "int8", "uint8")),
    CumSum: (cumsum, ("float32", "int32", "int64")),
    DynamicUpdateSlice: (dynamic_update_slice, ALL),
    OneHot: (one_hot, ("bool", "float32", "int32", "int64", "int8", "uint8")),
    ResizeBilinear: (resize_bilinear, ("float32", "int16", "int8", "uint8")),
    ResizeNearest: (resize_nearest, ("bool", "float32", "int16", "int32", "int8", "uint8")),
    TopK: (top_k, NO_BOOL),
}
BUILDERS = {f"{k.__name__} {t}": of_type(build, t) for k, (build, types) in TYPED.items() for t in types}
