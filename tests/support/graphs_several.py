"""Seeded graphs of one operator that chooses, converts, joins or makes numbers, of every type LiteRT takes."""

from dataclasses import replace

import graphs
import numpy as np
from graphs import Rng, graph_of
from graphs_movement import ALL, Builder, like, of_type, ranks, small, tensor

from aot.graph.ir import Graph, Op, Tensor
from aot.ops.add_n import AddN
from aot.ops.broadcast_args import BroadcastArgs
from aot.ops.cast import Cast
from aot.ops.constants import Range, ZerosLike
from aot.ops.reverse_sequence import ReverseSequence
from aot.ops.select import Select, SelectV2

_INDEX = ("int32", "int64")


def add_n(rng: Rng, dtype: str) -> Graph:
    """Two to five tensors, one of them twice, some constant."""
    x = tensor(rng, "x0", small(rng, ranks(rng, 5)), dtype)
    xs = [like(x, f"x{i}", x.shape) for i in range(int(rng.integers(1, 5)))]
    xs[1:] = [replace(x, data=graphs.values(rng, x)) if rng.random() < 0.2 else x for x in xs[1:]]
    y = Tensor("y", x.shape, dtype, graphs.near(rng, x.quant) if x.quant else None)
    return graph_of(AddN, [xs[0], *xs], y)


def broadcast_args(rng: Rng, dtype: str) -> Graph:
    """Shapes of any length, also given as constants."""
    a, b = (Tensor(name, (int(rng.integers(1, 7)),), dtype) for name in ("dims_a", "dims_b"))
    if rng.random() < 0.3:
        a = Tensor("a", a.shape, dtype, data=graphs.values(rng, a))
    return graph_of(BroadcastArgs, [a, b], Tensor("y", max(a.shape, b.shape), dtype))


def cast(rng: Rng, dtype: str) -> Graph:
    """To any type; reals beyond every integer among them."""
    x = tensor(rng, "wide", small(rng, ranks(rng, 3)), dtype)
    return graph_of(Cast, [x], tensor(rng, "y", x.shape, str(rng.choice(ALL))))


def range_(rng: Rng, dtype: str) -> Graph:
    """Upwards and downwards; the graph's input goes unused."""
    start, delta = (np.round(rng.uniform(0.1, 9, 2), 1) * rng.choice([-1, 1], 2)).astype(np.float32)
    if dtype != "float32":
        start, delta = np.trunc(start), np.copysign(np.ceil(abs(delta)), delta)
    limit = start + delta * rng.uniform(0.5, 40)
    operands = [
        Tensor(name, (), dtype, data=np.array(value, dtype))
        for name, value in (("start", start), ("limit", limit), ("delta", delta))
    ]
    first, last, step = (t.data.item() for t in operands if t.data is not None)
    if (last - first) / step <= 0:
        return range_(rng, dtype)
    y = Tensor("y", (int(np.ceil((last - first) / step)),), dtype)
    op = Range(name="y", inputs=("start", "limit", "delta"), outputs=("y",))
    x = Tensor("x", (1,), "float32")
    return Graph("net", {t.name: t for t in (x, *operands, y)}, (op,), ("x",), ("y",))


def reverse_sequence(rng: Rng, dtype: str) -> Graph:
    """Any two axes; some lengths are out of range."""
    x = tensor(rng, "x", small(rng, int(rng.integers(2, 6))), dtype)
    axis, batch_axis = (int(a) for a in rng.permutation(len(x.shape))[:2])
    lengths = Tensor("lengths", (x.shape[batch_axis],), str(rng.choice(_INDEX)))
    if rng.random() < 0.5:
        data = rng.integers(0, x.shape[axis] + 1, lengths.shape).astype(lengths.dtype)
        lengths = Tensor("lengths", lengths.shape, lengths.dtype, data=data)
    return graph_of(ReverseSequence, [x, lengths], like(x, "y", x.shape), axis=axis, batch_axis=batch_axis)


def select(rng: Rng, dtype: str) -> Graph:
    """A condition for each element, for each of the first dimension, or for all."""
    a = tensor(rng, "a", small(rng, ranks(rng, 5)), dtype)
    shape = [(), a.shape, a.shape[:1]][int(rng.integers(0, 3))]
    return graph_of(Select, [Tensor("condition", shape, "bool"), a, like(a, "b", a.shape)], like(a, "y", a.shape))


def select_v2(rng: Rng, dtype: str) -> Graph:
    """Each operand broadcasts, or is a scalar, or is another one once more."""
    shape = small(rng, ranks(rng, 5))
    shapes = [tuple(1 if rng.random() < 0.3 else d for d in shape)[int(rng.integers(0, 2)) :] for _ in range(3)]
    shapes = [() if rng.random() < 0.1 else s for s in shapes]
    a = tensor(rng, "a", shapes[1], dtype)
    b = a if rng.random() < 0.1 else like(a, "b", shapes[2])
    condition = Tensor("condition", shapes[0], "bool")
    y = like(a, "y", np.broadcast_shapes(condition.shape, a.shape, b.shape))
    return graph_of(SelectV2, [condition, a, b], y)


def zeros_like(rng: Rng, dtype: str) -> Graph:
    """Of any shape."""
    x = Tensor("x", small(rng, ranks(rng, 5)), dtype)
    return graph_of(ZerosLike, [x], like(x, "y", x.shape))


# For each operator: its builder, and the types that LiteRT's kernel takes.
TYPED: dict[type[Op], tuple[Builder, tuple[str, ...]]] = {
    AddN: (add_n, ("float32", "int32", "int8")),
    BroadcastArgs: (broadcast_args, _INDEX),
    Cast: (cast, ALL),
    Range: (range_, ("float32", "int32", "int64")),
    ReverseSequence: (reverse_sequence, ("float32", "int16", "int32", "int64", "uint8")),
    Select: (select, ALL),
    SelectV2: (select_v2, ALL),
    ZerosLike: (zeros_like, ("float32", "int32", "int64")),
}
BUILDERS = {f"{k.__name__} {t}": of_type(build, t) for k, (build, types) in TYPED.items() for t in types}
