"""Seeded graphs of several operators, with what the passes look for: pads, activations, constants, dead ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import graphs
import numpy as np
from graphs import Rng, int8

from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.binary import Maximum, Minimum
from aot.ops.common import Activation
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.resize import ResizeBilinear, ResizeNearest
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.slice import Slice
from aot.ops.softmax import Softmax
from aot.ops.split import Split
from aot.ops.transpose import Transpose
from aot.ops.two_slopes import LeakyRelu

# An operator, its operands, its output or outputs, its attributes.
Made = tuple[type[Op], list[Tensor], Tensor | list[Tensor], dict[str, Any]]

_LARGEST = 1200  # elements of a tensor


class _Growing:
    """The tensors and operators so far."""

    def __init__(self, rng: Rng) -> None:
        self.rng, self.tensors, self.ops = rng, {}, []
        for i in range(int(rng.integers(1, 3))):
            self.keep(int8(f"x{i}", (1, 5, 4, 3), Quant((0.05,), (graphs.zero_point(rng),))))
        self.inputs = tuple(self.tensors)

    def keep(self, *tensors: Tensor) -> None:
        self.tensors.update({t.name: t for t in tensors})

    def any(self, rank: int | None = None) -> Tensor:
        """Most often one of the latest; at times a constant."""
        ranked = [t for t in self.tensors.values() if t.dtype == "int8" and rank in (None, len(t.shape))]
        fitting = [t for t in ranked if t.quant is not None and not t.quant.per_channel]
        if not fitting or self.rng.random() < 0.15:
            shape = (1, 5, 4, 3)[: rank or 4]
            return int8(f"k{len(self.tensors)}", shape, Quant((0.05,), (0,)), graphs.codes(self.rng, shape))
        back = min(len(fitting), 1 + int(self.rng.exponential(1)))
        return fitting[-back]

    def new(self, shape: tuple[int, ...], quant: Quant | None) -> Tensor:
        return int8(f"t{len(self.ops)}", tuple(shape), quant)

    def other(self, x: Tensor) -> Quant | None:
        """The same parameters or similar ones."""
        return x.quant if self.rng.random() < 0.5 or x.quant is None else graphs.near(self.rng, x.quant)


def _activation(rng: Rng) -> Activation:
    return Activation.NONE if rng.random() < 0.7 else graphs.activation(rng)


def _relu(g: _Growing) -> Made:
    x = g.any()
    return (Relu6 if g.rng.random() < 0.4 else Relu), [x], g.new(x.shape, g.other(x)), {}


def _pad(g: _Growing) -> Made:
    x = g.any(4)
    where = (1, 2) if g.rng.random() < 0.8 else (int(g.rng.integers(0, 4)),)
    pads = tuple((int(g.rng.integers(0, 3)), int(g.rng.integers(0, 3))) if i in where else (0, 0) for i in range(4))
    return Pad, [x], g.new(tuple(n + sum(p) for n, p in zip(x.shape, pads, strict=True)), x.quant), {"pads": pads}


def _conv(g: _Growing) -> Made:
    x = g.any(4)
    depthwise = bool(g.rng.random() < 0.5)
    kernel, stride, _, pads, out = graphs._window(g.rng, x.shape, False)
    channels = x.shape[3] if depthwise else int(g.rng.integers(1, 5))
    dims = (1, *kernel, channels) if depthwise else (channels, *kernel, x.shape[3])
    w = graphs._weights(g.rng, dims, 3 if depthwise else 0, bool(g.rng.random() < 0.5))
    bias, quant = graphs._dense_parts(g.rng, x, w, channels, optional=False)
    y = g.new((x.shape[0], *out, channels), quant)
    w = _with_zeros(g.rng, w, 3 if depthwise else 0)
    operands = [_renamed(t, f"{t.name}_{y.name}") for t in (w, bias) if t is not None]
    attributes = {"stride": stride, "padding": pads, "activation": _activation(g.rng)}
    return (DepthwiseConv2D if depthwise else Conv2D), [x, *operands], y, attributes


def _with_zeros(rng: Rng, w: Tensor, axis: int) -> Tensor:
    """At times, filters that are all zeros, or channels that no filter reads."""
    assert w.data is not None
    data = w.data.copy()
    for i in (axis, 3):
        if rng.random() < 0.4:
            np.moveaxis(data, i, 0)[rng.random(data.shape[i]) < 0.5] = 0
    return replace(w, data=data)


def _renamed(t: Tensor, name: str) -> Tensor:
    return Tensor(name, t.shape, t.dtype, t.quant, t.data)


def _dense(g: _Growing) -> Made:
    x = g.any()
    w = graphs._weights(g.rng, (3, x.elements), 0, False)
    _, quant = graphs._dense_parts(g.rng, x, w, 3)
    y = g.new((1, 3), quant)
    return FullyConnected, [x, _renamed(w, f"w_{y.name}")], y, {"activation": _activation(g.rng)}


def _two(g: _Growing) -> tuple[Tensor, Tensor]:
    """Tensors of one shape; they may be the same one."""
    a = g.any()
    same = [t for t in g.tensors.values() if t.shape == a.shape and t.dtype == "int8"]
    return a, same[int(g.rng.integers(0, len(same)))] if same else a


def _add(g: _Growing) -> Made:
    a, b = _two(g)
    kind = Add if g.rng.random() < 0.6 else Sub
    return kind, [a, b], g.new(a.shape, g.other(a)), {"activation": _activation(g.rng)}


def _mul(g: _Growing) -> Made:
    a, b = _two(g)
    scale = float(np.float32(a.scale * b.scale * g.rng.uniform(20, 200)))
    quant = Quant((scale,), (graphs.zero_point(g.rng),))
    return Mul, [a, b], g.new(a.shape, quant), {"activation": _activation(g.rng)}


def _extreme(g: _Growing) -> Made:
    """Both operands and the result have one scale; others are refused, and another operator drawn."""
    a, b = _two(g)
    return (Maximum if g.rng.random() < 0.5 else Minimum), [a, b], g.new(a.shape, a.quant), {}


def _function(g: _Growing) -> Made:
    """Tables."""
    x = g.any()
    kind, quant = ((Logistic, graphs.PROBABILITY), (Tanh, Quant((1 / 128,), (0,))), (LeakyRelu, g.other(x)))[
        int(g.rng.integers(0, 3))
    ]
    return kind, [x], g.new(x.shape, quant), {"alpha": 0.1} if kind is LeakyRelu else {}


def _softmax(g: _Growing) -> Made:
    x = g.any()
    return Softmax, [x], g.new(x.shape, graphs.PROBABILITY), {"beta": 1.0}


def _quantize(g: _Growing) -> Made:
    x = g.any()
    return Quantize, [x], g.new(x.shape, g.other(x)), {}


def _split(g: _Growing) -> Made:
    """Two or three outputs, some of which nobody may read."""
    x = g.any()
    count = int(g.rng.integers(2, 4))
    axis = next((i for i, n in enumerate(x.shape) if n % count == 0), 0)
    part = (*x.shape[:axis], max(1, x.shape[axis] // count), *x.shape[axis + 1 :])
    first = g.new(part, x.quant)
    return Split, [x], [_renamed(first, f"{first.name}_{i}") for i in range(count)], {"axis": axis}


def _slice(g: _Growing) -> Made:
    x = g.any()
    begin = tuple(int(g.rng.integers(0, n)) for n in x.shape)
    size = tuple(int(g.rng.integers(1, n - b + 1)) for n, b in zip(x.shape, begin, strict=True))
    return Slice, [x], g.new(size, x.quant), {"begin": begin, "size": size}


def _resize(g: _Growing) -> Made:
    x = g.any(4)
    size = (int(g.rng.integers(1, 9)), int(g.rng.integers(1, 9)))
    kind = ResizeNearest if g.rng.random() < 0.5 else ResizeBilinear
    return kind, [x], g.new((x.shape[0], *size, x.shape[3]), x.quant), {"size": size}


def _pool(g: _Growing) -> Made:
    x = g.any(4)
    kernel, stride, _, pads, out = graphs._window(g.rng, x.shape, False)
    attributes = {"kernel": kernel, "stride": stride, "padding": pads, "activation": _activation(g.rng)}
    kind = MaxPool2D if g.rng.random() < 0.5 else AveragePool2D
    return kind, [x], g.new((x.shape[0], *out, x.shape[3]), x.quant), attributes


def _mean(g: _Growing) -> Made:
    x = g.any(4)
    return Mean, [x], g.new((x.shape[0], x.shape[3]), g.other(x)), {"axes": (1, 2)}


def _reshape(g: _Growing) -> Made:
    x = g.any()
    shape = x.shape[::-1] if g.rng.random() < 0.6 else (x.elements,)
    return Reshape, [x], g.new(shape, x.quant), {}


def _transpose(g: _Growing) -> Made:
    x = g.any()
    permutation = tuple(int(i) for i in g.rng.permutation(len(x.shape)))
    return Transpose, [x], g.new(tuple(x.shape[i] for i in permutation), x.quant), {"permutation": permutation}


def _concatenation(g: _Growing) -> Made:
    x = g.any()
    xs = [x, x, x][: int(g.rng.integers(1, 4))]
    return Concatenation, xs, g.new((x.shape[0] * len(xs), *x.shape[1:]), x.quant), {"axis": 0}


_MAKERS: tuple[Callable[[_Growing], Made], ...] = (
    _relu, _relu, _relu, _pad, _pad, _conv, _conv, _conv, _dense, _add, _add, _pool, _mean, _reshape, _transpose,
    _concatenation, _mul, _extreme, _function, _softmax, _quantize, _split, _slice, _resize,
)  # fmt: skip


def random_graph(rng: Rng, operators: int = 10) -> Graph:
    """So many operators; outputs are the last result and at times others."""
    g = _Growing(rng)
    while len(g.ops) < operators:
        kind, operands, made, attributes = _MAKERS[int(rng.integers(0, len(_MAKERS)))](g)
        ys = made if isinstance(made, list) else [made]
        names = tuple(t.name for t in operands)
        op = kind(name=ys[0].name, inputs=names, outputs=tuple(y.name for y in ys), **attributes)
        parts = {t.name: t for t in (*operands, *ys)}
        try:
            op.check(Graph("try", parts, (op,), (), ()))
        except Unsupported:
            continue
        if ys[0].elements <= _LARGEST:
            g.keep(*(t for t in operands if t.name not in g.tensors), *ys)
            g.ops.append(op)
    results = [name for op in g.ops for name in op.outputs]
    chosen = {results[-1], *(name for name in results if rng.random() < 0.15)}
    graph = Graph("g", g.tensors, tuple(g.ops), g.inputs, tuple(sorted(chosen)))
    graph.check()
    return graph
