"""Seeded graphs that move elements as no .tflite file can say."""

from collections.abc import Callable

import graphs
import numpy as np
from graphs import Rng, graph_of
from graphs_elementwise import f32

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.pick import Pick
from aot.ops.resize import ResizeBilinear
from aot.ops.scatter_nd import REDUCTIONS, ScatterNd

Builder = Callable[[Rng], Graph]


def _quant(dtype: str) -> Quant | None:
    return Quant((0.5,), (3 if dtype == "int8" else 0,)) if dtype in ("int8", "int16") else None


def pick(dtype: str) -> Builder:
    """Any indices along some dimensions: nearest pixels, edges, any order."""

    def build(rng: Rng) -> Graph:
        dims = graphs.shape(rng, int(rng.integers(1, 5)), 5)
        indices: list[Tensor | None] = []
        for axis, extent in enumerate(dims):
            drawn = rng.integers(0, extent, int(rng.integers(1, 9))).astype(rng.choice(["int32", "int64"]))
            drawn = np.sort(drawn) if rng.random() < 0.5 else drawn
            indices.append(
                Tensor(f"i{axis}", drawn.shape, drawn.dtype.name, data=drawn) if rng.random() < 0.6 else None
            )
        out = tuple(e if t is None else t.elements for e, t in zip(dims, indices, strict=True))
        x, y = (Tensor(name, shape, dtype, _quant(dtype)) for name, shape in (("x", dims), ("y", out)))
        return graph_of(Pick, [x, *indices], y)

    return build


def resize_bilinear(rng: Rng) -> Graph:
    """Steps that are not the ratio of the sizes."""
    dims, size = graphs.shape(rng, 4, 7), graphs.shape(rng, 2, 9)
    steps = tuple(f32(extent / places * rng.uniform(0.7, 1.3)) for extent, places in zip(dims[1:3], size, strict=True))
    x, y = Tensor("x", dims, "float32"), Tensor("y", (dims[0], *size, dims[3]), "float32")
    return graph_of(ResizeBilinear, [x], y, size=size, steps=steps, half_pixel_centers=bool(rng.random() < 0.5))


def scatter_nd(reduction: str, dtype: str) -> Builder:
    """Positions of one to all dimensions, constant or not, some of them twice, some out of range."""

    def build(rng: Rng) -> Graph:
        dims = graphs.shape(rng, int(rng.integers(1, 4)), 6)
        depth = int(rng.integers(1, len(dims) + 1))
        shape = (*graphs.shape(rng, int(rng.integers(1, 3)), 4), depth)
        drawn = rng.integers(0, dims[:depth], shape).astype(rng.choice(["int32", "int64"]))
        data = drawn if rng.random() < 0.5 else None
        indices = Tensor("indices", shape, drawn.dtype.name, data=data)
        x, updates, y = (
            Tensor(name, s, dtype, _quant(dtype))
            for name, s in (("x", dims), ("updates", (*shape[:-1], *dims[depth:])), ("y", dims))
        )
        return graph_of(ScatterNd, [x, indices, updates], y, reduction=reduction)

    return build


OWN: dict[str, Builder] = {
    **{f"Pick {dtype}": pick(dtype) for dtype in ("float32", "int8", "int64")},
    "ResizeBilinear stepped": resize_bilinear,
    **{f"ScatterNd {reduction} float32": scatter_nd(reduction, "float32") for reduction in REDUCTIONS},
    **{f"ScatterNd {reduction} int32": scatter_nd(reduction, "int32") for reduction in ("add", "mul")},
    "ScatterNd int8": scatter_nd("none", "int8"),
}
