"""Seeded graphs of several operators, with what the passes look for: pads, activations, constants, dead ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import graphs
import numpy as np
from graphs import Rng, int8

from aot.ir import Graph, Op, Quant, Tensor, Unsupported
from aot.ops.add import Add
from aot.ops.common import Activation
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.transpose import Transpose

Made = tuple[type[Op], list[Tensor], Tensor, dict[str, Any]]  # an operator, its operands, its output, its attributes

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
        fitting = [t for t in self.tensors.values() if t.dtype == "int8" and rank in (None, len(t.shape))]
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


def _add(g: _Growing) -> Made:
    a = g.any()
    same = [t for t in g.tensors.values() if t.shape == a.shape and t.dtype == "int8"]
    b = same[int(g.rng.integers(0, len(same)))] if same else a
    return Add, [a, b], g.new(a.shape, g.other(a)), {"activation": _activation(g.rng)}


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
    _concatenation,
)  # fmt: skip


def random_graph(rng: Rng) -> Graph:
    """Up to ten operators; outputs are the last results and at times others."""
    g = _Growing(rng)
    while len(g.ops) < 10:
        kind, operands, y, attributes = _MAKERS[int(rng.integers(0, len(_MAKERS)))](g)
        names = tuple(t.name for t in operands)
        op = kind(name=y.name, inputs=names, outputs=(y.name,), **attributes)
        parts = {t.name: t for t in (*operands, y)}
        try:
            op.check(Graph("try", parts, (op,), (), ()))
        except Unsupported:
            continue
        if y.elements <= _LARGEST:
            g.keep(*(t for t in operands if t.name not in g.tensors), y)
            g.ops.append(op)
    results = [op.outputs[0] for op in g.ops]
    chosen = {results[-1], *(name for name in results if rng.random() < 0.15)}
    graph = Graph("g", g.tensors, tuple(g.ops), g.inputs, tuple(sorted(chosen)))
    graph.check()
    return graph
