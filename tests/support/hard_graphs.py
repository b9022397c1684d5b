"""Seeded graphs beyond what LiteRT accepts or `graphs.py` draws: the corners that kernels must get right."""

from collections.abc import Callable

import graphs
import graphs_own_images
import graphs_recurrent
import hard_dense
import numpy as np
from graphs import Rng, graph_of, int8

from aot.graph.ir import Graph, Quant, Tensor
from aot.ops.add import Add
from aot.ops.common import out_size
from aot.ops.concatenation import Concatenation
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose

_MOVED_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")


def _small(rng: Rng, rank: int, most: int) -> tuple[int, ...]:
    """`rank` dimensions with at most `most` elements in all."""
    while True:
        dims = graphs.shape(rng, rank, 5)
        if np.prod(dims) <= most:
            return dims


def _moved(rng: Rng, name: str, dims: tuple[int, ...], dtype: str) -> Tensor:
    quant = graphs.quant(rng) if dtype == "int8" else Quant((0.5,), (3,)) if dtype in ("uint8", "int16") else None
    return Tensor(name, dims, dtype, quant)


def value(rng: Rng, tensor: Tensor) -> np.ndarray:
    """Any bits for what is only moved; infinities and not-a-numbers for reals that become int8."""
    return graphs.values(rng, tensor)


def asymmetric_pool(kind: type[AveragePool2D] | type[MaxPool2D]) -> Callable[[Rng], Graph]:
    """Pools with any padding on each side, and windows larger than the input."""

    def build(rng: Rng) -> Graph:
        x = int8("x", (int(rng.choice([1, 2])), *graphs.shape(rng, 2, 8), graphs.size(rng)), graphs.quant(rng))
        kernel = [graphs.size(rng, 9) for _ in range(2)]
        stride = [graphs.size(rng, 4) for _ in range(2)]
        pads = [[int(rng.integers(0, kernel[i])) for _ in range(2)] for i in range(2)]
        for i in (0, 1):
            kernel[i] = min(kernel[i], x.shape[1 + i] + sum(pads[i]))
            pads[i] = [min(p, kernel[i] - 1) for p in pads[i]]
            kernel[i] = min(kernel[i], x.shape[1 + i] + sum(pads[i]))
            pads[i] = [min(p, kernel[i] - 1) for p in pads[i]]
        out = [out_size(x.shape[1 + i], kernel[i], stride[i], 1, tuple(pads[i])) for i in (0, 1)]
        y = int8("y", (x.shape[0], *out, x.shape[3]), x.quant)
        return graph_of(kind, [x], y, kernel=tuple(kernel), stride=tuple(stride), padding=tuple(map(tuple, pads)),
                        activation=graphs.activation(rng))  # fmt: skip

    return build


def broadcast_add(rng: Rng) -> Graph:
    """Both operands broadcast at once, up to 5-D, of different ranks; constants on either side."""
    dims = _small(rng, int(rng.integers(2, 6)), 400)
    shapes = [tuple(1 if rng.random() < 0.4 else d for d in dims)[int(rng.integers(0, 3)) :] for _ in range(2)]
    out = np.broadcast_shapes(*shapes)
    q = graphs.quant(rng)
    a, b = int8("a", shapes[0], q), int8("b", shapes[1], graphs.near(rng, q))
    kind = rng.random()
    if kind < 0.25:
        a = int8("a", a.shape, q, graphs.codes(rng, a.shape))
    elif kind < 0.5:
        b = int8("b", b.shape, graphs.near(rng, q), graphs.codes(rng, b.shape))
    return graph_of(Add, [a, b], int8("y", out, graphs.near(rng, q)), activation=graphs.activation(rng))


def same_operand_twice(rng: Rng) -> Graph:
    """x + x, whose output may lie on x."""
    x = int8("x", graphs.shape(rng, 3, 5), graphs.quant(rng))
    y = int8("y", x.shape, graphs.near(rng, x.quant))
    graph = graph_of(Add, [x, x], y, activation=graphs.activation(rng))
    return Graph("case", graph.tensors, graph.ops, ("x",), ("y",))


def broadcast_add_float(rng: Rng) -> Graph:
    """float32 with broadcasting, and with a constant."""
    dims = _small(rng, int(rng.integers(2, 6)), 400)
    shapes = [tuple(1 if rng.random() < 0.4 else d for d in dims)[int(rng.integers(0, 2)) :] for _ in range(2)]
    a, b = (Tensor(name, dims, "float32") for name, dims in zip("ab", shapes, strict=True))
    if rng.random() < 0.4:
        b = Tensor("b", b.shape, "float32", data=rng.normal(size=b.shape).astype(np.float32))
    y = Tensor("y", np.broadcast_shapes(*shapes), "float32")
    return graph_of(Add, [a, b], y, activation=graphs.activation(rng))


def transpose_any(rng: Rng) -> Graph:
    """Up to 6-D, of any type."""
    dims = _small(rng, int(rng.integers(1, 7)), 600)
    permutation = tuple(int(i) for i in rng.permutation(len(dims)))
    x = _moved(rng, "x", dims, str(rng.choice(_MOVED_TYPES)))
    y = Tensor("y", tuple(dims[i] for i in permutation), x.dtype, x.quant)
    return graph_of(Transpose, [x], y, permutation=permutation)


def pad_any(rng: Rng) -> Graph:
    """Up to 6-D, of any type; often only some dimensions."""
    dims = _small(rng, int(rng.integers(1, 7)), 40)
    pads = tuple((int(rng.integers(0, 3)), int(rng.integers(0, 3))) if rng.random() < 0.5 else (0, 0) for _ in dims)
    x = _moved(rng, "x", dims, str(rng.choice(_MOVED_TYPES)))
    y = Tensor("y", tuple(d + sum(p) for d, p in zip(dims, pads, strict=True)), x.dtype, x.quant)
    return graph_of(Pad, [x], y, pads=pads)


def concatenation_any(rng: Rng) -> Graph:
    """Any type, constants among the inputs, one tensor several times, up to 6-D."""
    dims = _small(rng, int(rng.integers(1, 7)), 60)
    axis, dtype = int(rng.integers(0, len(dims))), str(rng.choice(_MOVED_TYPES))
    proto = _moved(rng, "x0", dims, dtype)
    xs: list[Tensor | None] = [proto, proto] if rng.random() < 0.3 else [proto]
    for i in range(int(rng.integers(0, 4))):
        shape = (*dims[:axis], graphs.size(rng, 5), *dims[axis + 1 :])
        x = Tensor(f"x{i + 1}", shape, dtype, proto.quant)
        data = value(rng, x) if rng.random() < 0.3 else None
        xs.append(Tensor(x.name, shape, dtype, proto.quant, data))
    length = sum(x.shape[axis] for x in xs if x)
    y = Tensor("y", (*dims[:axis], length, *dims[axis + 1 :]), dtype, proto.quant)
    graph = graph_of(Concatenation, xs, y, axis=axis)
    return Graph("case", graph.tensors, graph.ops, tuple(dict.fromkeys(graph.inputs)), ("y",))


def mean_any(rng: Rng) -> Graph:
    """Any axes of up to 6 dimensions; all of them, which leaves a scalar, included."""
    dims = _small(rng, int(rng.integers(1, 7)), 500)
    axes = tuple(i for i in range(len(dims)) if rng.random() < 0.5) or (0,)
    axes = tuple(range(len(dims))) if rng.random() < 0.1 else axes
    keep = bool(rng.random() < 0.5)
    kept = tuple(1 if i in axes else d for i, d in enumerate(dims))
    out = kept if keep else tuple(d for i, d in enumerate(dims) if i not in axes)
    q = graphs.quant(rng)
    return graph_of(Mean, [int8("x", dims, q)], int8("y", out, graphs.near(rng, q)), axes=axes, keep_dims=keep)


def mean_of_images(rng: Rng) -> Graph:
    """Over height and width, of up to 17 x 17 pixels: 256 are what 16 bits can sum. The axes in any order."""
    dims = (int(rng.integers(1, 3)), *(int(rng.choice([2, 3, 7, 16, 17])) for _ in range(2)), 4 * graphs.size(rng, 3))
    axes, q = (2, 1) if rng.random() < 0.3 else (1, 2), graphs.quant(rng)
    return graph_of(Mean, [int8("x", dims, q)], int8("y", (dims[0], dims[3]), graphs.near(rng, q)), axes=axes)


def quantize_float(rng: Rng) -> Graph:
    """float32 -> int8 of every size of scale."""
    q = Quant((float(np.float32(10 ** rng.uniform(-3, 2))),), (graphs.zero_point(rng),))
    return graph_of(Quantize, [Tensor("x", (37,), "float32")], int8("y", (37,), q))


def softmax_small(rng: Rng) -> Graph:
    """Few classes, very flat to very steep."""
    x = int8("x", (graphs.size(rng, 4), graphs.size(rng)), Quant((float(np.float32(10 ** rng.uniform(-6, 1))),), (0,)))
    return graph_of(Softmax, [x], int8("y", x.shape, graphs.PROBABILITY), beta=1.0)


HARD: dict[str, Callable[[Rng], Graph]] = {
    "Add broadcast": broadcast_add,
    "Add float32 broadcast": broadcast_add_float,
    "Add twice": same_operand_twice,
    "AveragePool2D asymmetric": asymmetric_pool(AveragePool2D),
    "Concatenation any": concatenation_any,
    "MaxPool2D asymmetric": asymmetric_pool(MaxPool2D),
    "Mean any": mean_any,
    "Mean of images": mean_of_images,
    "Pad any": pad_any,
    "Quantize any": quantize_float,
    "Softmax steep": softmax_small,
    "Transpose any": transpose_any,
    **hard_dense.HARD,
    **graphs_own_images.INTEGER,
    **graphs_recurrent.UNKNOWN_TO_LITERT,
}
