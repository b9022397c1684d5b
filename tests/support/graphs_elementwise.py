"""Seeded graphs of one elementwise operator each, in every type. Imported by graphs.py, whose helpers it uses."""

from collections.abc import Callable

import graphs
import numpy as np
from graphs import Rng, graph_of

from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add, Sub
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorDiv, FloorMod
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.hard_swish import HardSwish
from aot.ops.mul import Mul
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.squared_difference import SquaredDifference
from aot.ops.two_slopes import Abs, LeakyRelu

Builder = Callable[[Rng], Graph]
Quants = Callable[[Rng, str], tuple[Quant | None, Quant | None]]  # of input and output, for a type

QUANTIZED = ("int8", "int16")


def f32(value: float) -> float:
    """`value` as a float32 number."""
    return float(np.float32(value))


def symmetric(q: Quant) -> Quant:
    """The same scale around zero."""
    return Quant(q.scale, (0,))


def rescaled(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    """Scales at most about 100 apart."""
    x = graphs.quant(rng)
    y = graphs.near(rng, x)
    return (x, y) if dtype == "int8" else (symmetric(x), symmetric(y))


def _bounded(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    """Inputs up to about 12 in size, so that no function leaves the range of 32 bits; any output of an usual size."""
    largest = 12 / (128 if dtype == "int8" else 32768)
    x, y = f32(largest * 10 ** rng.uniform(-2, 0) / 2), f32(10 ** rng.uniform(-2, 0) * (1 if dtype == "int8" else 1e-2))
    if dtype == "int16":
        return Quant((x,), (0,)), Quant((y,), (0,))
    return Quant((x,), (graphs.zero_point(rng),)), Quant((y,), (graphs.zero_point(rng),))


def _positive(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    """LiteRT refuses to take roots of negative codes: int8 starts at zero."""
    x, y = _bounded(rng, dtype)
    assert x is not None
    return (Quant(x.scale, (-128,)) if dtype == "int8" else x), y


def _same(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    q = symmetric(graphs.quant(rng))
    return q, q


def _sigmoid(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    if dtype == "int8":
        return graphs.quant(rng), graphs.PROBABILITY
    x = float(rng.choice([2.0**-12, 2.0**-11, 2.0**-13, f32(10 ** rng.uniform(-6, 0))]))
    return Quant((x,), (0,)), Quant((1 / 32768,), (0,))


def _tanh(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    if dtype == "int16":
        return _sigmoid(rng, dtype)
    return graphs.quant(rng), Quant((f32(10 ** rng.uniform(-3, -1)),), (graphs.zero_point(rng),))


def _swish(rng: Rng, dtype: str) -> tuple[Quant | None, Quant | None]:
    x = Quant((f32(10 ** rng.uniform(-4, 0)),), (graphs.zero_point(rng),))
    return x, Quant((f32(x.scale[0] * 10 ** rng.uniform(-1.5, 1.5)),), (graphs.zero_point(rng),))


def unary(kind: type[Op], dtype: str, quants: Quants = rescaled, **options: Callable[[Rng], object]) -> Builder:
    """All int8 codes, or some hundred values of another type."""

    def build(rng: Rng) -> Graph:
        x_quant, y_quant = quants(rng, dtype) if dtype in QUANTIZED else (None, None)
        dims = (256,) if dtype == "int8" else graphs.shape(rng, int(rng.integers(1, 4)), 7)
        name = "positive" if quants is _positive and dtype == "int16" else "x"
        x, y = Tensor(name, dims, dtype, x_quant), Tensor("y", dims, dtype, y_quant)
        return graph_of(kind, [x], y, **{name: draw(rng) for name, draw in options.items()})

    return build


def _alpha(rng: Rng) -> float:
    return f32(rng.choice([0.0, 0.01, 0.2, 0.25, 0.99, 1.0, rng.uniform(0, 1)]))


def _either(rng: Rng) -> bool:
    return bool(rng.random() < 0.5)


_UNARY: tuple[tuple[type[Op], tuple[str, ...], Quants], ...] = (
    (Abs, ("float32", "int8", "int16", "int32"), rescaled),
    (Ceil, ("float32",), rescaled),
    (Cos, ("float32",), rescaled),
    (Elu, ("float32", "int8"), rescaled),
    (Exp, ("float32", "int8", "int16"), _bounded),
    (Floor, ("float32",), rescaled),
    (HardSwish, ("float32", "int8"), _swish),
    (Log, ("float32", "int8", "int16"), _bounded),
    (LogicalNot, ("bool",), rescaled),
    (Logistic, ("float32", "int16"), _sigmoid),
    (Neg, ("float32", "int8", "int16", "int32", "int64"), _same),
    (Relu, ("float32", "int16"), rescaled),
    (Relu0To1, ("float32", "int8"), rescaled),
    (Relu6, ("float32", "int16"), rescaled),
    (ReluN1To1, ("float32", "int8"), rescaled),
    (Round, ("float32",), rescaled),
    (Rsqrt, ("float32", "int8", "int16"), _positive),
    (Sign, ("float32", "int32"), rescaled),
    (Sin, ("float32",), rescaled),
    (Sqrt, ("float32", "int8", "int16"), _positive),
    (Square, ("float32",), rescaled),
    (Tanh, ("float32", "int8", "int16"), _tanh),
)


def _pair(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast: equal, of another rank, or repeated along some dimensions, also both at once."""
    while True:
        dims = graphs.shape(rng, int(rng.integers(1, 7)), 5)
        if np.prod(dims) <= 300:
            break
    if rng.random() < 0.3:
        return dims, dims
    ones = [tuple(1 if rng.random() < 0.4 else d for d in dims) for _ in "ab"]
    shorter = int(rng.integers(0, len(dims)))
    pair = ones[0], ones[1][shorter:] or (1,)
    return pair if rng.random() < 0.5 else (pair[1], pair[0])


def binary(kind: type[Op], dtype: str, result: str = "", activated: bool = False) -> Builder:
    """Broadcasting, a constant operand on either side, the same tensor twice."""

    def build(rng: Rng) -> Graph:
        shapes = _pair(rng)
        qs = _pair_quants(rng, kind, dtype) if dtype in QUANTIZED else (None, None, None)
        a, b = (Tensor(name, s, dtype, q) for name, s, q in zip("ab", shapes, qs, strict=False))
        which = rng.random()
        if which > 0.9:
            b, shapes = a, (shapes[0], shapes[0])
        if which < 0.2:
            b = Tensor("b", b.shape, dtype, b.quant, graphs.values(rng, b))
        elif which < 0.4:
            a = Tensor("a", a.shape, dtype, a.quant, graphs.values(rng, a))
        y = Tensor("y", np.broadcast_shapes(*shapes), result or dtype, qs[2])
        options = {"activation": graphs.activation(rng)} if activated else {}
        return graph_of(kind, [a, b], y, **options)

    return build


def prelu(dtype: str) -> Builder:
    """Slopes that broadcast, mostly constant."""

    def build(rng: Rng) -> Graph:
        graph = binary(Prelu, dtype)(rng)
        a, b, y = (graph[name] for name in (*graph.ops[0].inputs, "y"))
        if a.constant or rng.random() < 0.7:
            a, b = Tensor("a", y.shape, dtype, a.quant), Tensor("b", b.shape, dtype, b.quant, graphs.values(rng, b))
        return graph_of(Prelu, [Tensor(a.name, y.shape, dtype, a.quant), b], y)

    return build


def _pair_quants(rng: Rng, kind: type[Op], dtype: str) -> tuple[Quant | None, Quant | None, Quant | None]:
    a = graphs.quant(rng)
    b = graphs.quant(rng) if kind is Mul else graphs.near(rng, a)
    y: Quant | None = graphs.near(rng, a)
    if kind in (Maximum, Minimum):
        return (symmetric(a),) * 3
    if kind in (FloorDiv, FloorMod):
        return None, None, None
    if kind is Div:
        b = graphs.quant(rng)
        y = Quant((f32(a.scale[0] / b.scale[0] / 10 ** rng.uniform(-1, 3)),), (graphs.zero_point(rng),))
    if kind is Prelu:
        b = Quant((f32(10 ** rng.uniform(-3, 0)),), (graphs.zero_point(rng),))
    if kind in (Mul, SquaredDifference):
        product = a.scale[0] * b.scale[0] if kind is Mul else max(a.scale[0], b.scale[0]) ** 2
        factor = rng.choice([1.0000001, 2.0, 4.0, 2 * int(rng.integers(1, 300)), 10 ** rng.uniform(0, 4)])
        y = Quant((f32(product * factor),), (graphs.zero_point(rng),))
    if kind in _COMPARING:
        b, y = (a, None) if dtype == "int16" and kind not in (Equal, NotEqual) else (b, None)
    if dtype == "int8":
        return a, b, y
    return symmetric(a), symmetric(b), symmetric(y) if y else None


def shifted(kind: type[Op]) -> Builder:
    """int16 of scales that are powers of two, where one operand is shifted."""

    def build(rng: Rng) -> Graph:
        dims = graphs.shape(rng, 2)
        y = 2.0 ** int(rng.integers(-15, -3))
        other = y * 2.0 ** -int(rng.integers(0, 18))
        scales = (y, other) if rng.random() < 0.5 else (other, y)
        a, b = (Tensor(name, dims, "int16", Quant((s,), (0,))) for name, s in zip("ab", scales, strict=True))
        result = Tensor("y", dims, "int16", Quant((y,), (0,)))
        return graph_of(kind, [a, b], result, activation=graphs.activation(rng), power_of_two=True)

    return build


_NUMBERS = ("float32", "int32", "int64")
_COMPARING = (Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual)
_BINARY: tuple[tuple[tuple[type[Op], ...], tuple[str, ...], str, bool], ...] = (
    ((Sub, Mul), ("int8", "int16", *_NUMBERS), "", True),
    ((Add,), ("int16", "int32", "int64"), "", True),
    ((Div,), ("float32", "int8", "int16", "int32"), "", True),
    ((FloorDiv,), ("float32", "int8", "int16", "int32"), "", False),
    ((FloorMod,), ("float32", "int8", "int16", "int32", "int64"), "", False),
    ((Pow,), ("float32", "int32"), "", False),
    ((SquaredDifference,), ("float32", "int8", "int32"), "", False),
    ((Maximum, Minimum), (*_NUMBERS, "int8", "int16"), "", False),
    (_COMPARING, (*_NUMBERS, "int8", "int16"), "bool", False),
    ((Equal, NotEqual), ("bool",), "bool", False),
    ((LogicalAnd, LogicalOr), ("bool",), "", False),
)

BUILDERS: dict[str, Builder] = {
    **{f"{kind.__name__} {dtype}": unary(kind, dtype, q) for kind, types, q in _UNARY for dtype in types},
    **{f"Gelu {dtype}": unary(Gelu, dtype, _bounded, approximate=_either) for dtype in ("float32", "int8", "int16")},
    **{f"LeakyRelu {dtype}": unary(LeakyRelu, dtype, alpha=_alpha) for dtype in ("float32", "int8", "int16")},
    **{
        f"{kind.__name__} {dtype}": binary(kind, dtype, result, activated)
        for kinds, types, result, activated in _BINARY
        for kind in kinds
        for dtype in types
    },
    **{f"{kind.__name__} shifted": shifted(kind) for kind in (Add, Sub)},
    **{f"Prelu {dtype}": prelu(dtype) for dtype in ("float32", "int8")},
}
