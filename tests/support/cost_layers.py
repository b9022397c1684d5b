"""Layers of the sizes and scales that trained models have, for measuring what kernels cost."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count

import cases
import numpy as np
from graphs import Rng, graph_of
from merge import Case

from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.common import out_size, same_pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.pool2d import AveragePool2D, L2Pool2D, MaxPool2D

WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected)
POOLS = (AveragePool2D, L2Pool2D, MaxPool2D)
DTYPES = ("int8", "int16", "float32")
_SPREADS = {"joined": 15, "apart": 80, "wide": 15}  # standard deviations of weights; of 80, some are -128
_WINDOWS = ((1, 1), (1, 1), (3, 3), (3, 3), (5, 5), (1, 9), (9, 1), (10, 4), (2, 2))
_BIASES = {"int8": "int32", "int16": "int64", "float32": "float32"}


def layers(op: type[Op], dtype: str) -> Iterator[tuple[str, Graph]]:
    """Random layers without end, those of operators with weights three times.

    With weights whose sums the DSP kernels can join, with others, and "wide": to be int16 in flash.
    """
    for number in count():
        for how, spread in (_SPREADS if op in WEIGHTED else {"": 0}).items():
            rng = np.random.default_rng([number, *op.__name__.encode(), *dtype.encode()])
            yield how, layer(op, dtype, rng, spread)


def squares() -> Iterator[tuple[str, Graph]]:
    """Random 3x3 convolutions without end whose channels fill words, for kernels that can nothing else."""
    for number in count():
        rng = np.random.default_rng([number, *b"squares"])
        extents, channels, units = [size(rng, 3, 24) for _ in range(2)], 8 * size(rng, 1, 8), size(rng, 4, 64)
        pad, spread = int(rng.integers(2)), int(rng.choice([15, 80]))
        out = [n + 2 * pad - 2 for n in extents]
        options = {"stride": (1, 1), "padding": ((pad, pad), (pad, pad)), "dilation": (1, 1)}
        shapes = (1, *extents, channels), (units, 3, 3, channels), (1, *out, units)
        yield "", _graph(Conv2D, "int8", rng, spread, *shapes, **options)


def cases_of(ops: Sequence[type[Op]]) -> Iterator[tuple[int, Case]]:
    """Cases of the kernel tests without end, for operators that have no layers of their own here; each has a number."""
    kinds = {op.__name__ for op in ops}
    names = [(i, name) for i, name in enumerate(cases.builders()) if name.split()[0] in kinds]
    for seed in count() if names else ():
        for i, name in names:
            yield seed * len(cases.builders()) + i, _case(name, seed)


_case = cache(cases.case)  # several kernels of an operator, and several cores, draw the same ones


def layer(op: type[Op], dtype: str, rng: Rng, spread: int = 15) -> Graph:
    """A random layer of an operator; depth-wise ones at times with several filters a channel.

    `spread` is the standard deviation of the int8 weights.
    """
    if op in (*POOLS, Mean):
        return _pool(op, dtype, rng)
    if op is FullyConnected:
        depth, units, rows = size(rng, 8, 300), size(rng, 4, 130), size(rng, 1, 12)
        return _graph(op, dtype, rng, spread, (rows, depth), (units, depth), (rows, units))
    window = _WINDOWS[int(rng.integers(len(_WINDOWS)))]
    stride, same = int(rng.choice([1, 1, 2])), bool(rng.random() < 0.6)
    extents = [k - 1 + size(rng, 2, 24) for k in window]
    pads = [same_pads(n, k, stride, 1) if same else (0, 0) for n, k in zip(extents, window, strict=True)]
    out = [out_size(n, k, stride, 1, pad) for n, k, pad in zip(extents, window, pads, strict=True)]
    groups, channels, units = int(rng.choice([1, 1, 2])), size(rng, 1, 64), size(rng, 4, 64)
    if op is DepthwiseConv2D:
        channels = int(rng.choice([1, 4 + channels, 4 + channels]))
        units = units if channels == 1 else int(rng.choice([1, 1, 2, 4]))
        filters, in_c, out_c = (1, *window, channels * units), channels, channels * units
    else:
        filters, in_c, out_c = (units * groups, *window, channels), channels * groups, units * groups
    options = {"stride": (stride, stride), "padding": tuple(pads), "dilation": (1, 1)}
    return _graph(op, dtype, rng, spread, (1, *extents, in_c), filters, (1, *out, out_c), **options)


def _pool(op: type[Op], dtype: str, rng: Rng) -> Graph:
    """The mean over windows, or over all of an image, of a number of channels that mostly is a multiple of 4."""
    channels = size(rng, 1, 32) * int(rng.choice([1, 4, 4]))
    window = [size(rng, 2, 12) for _ in range(2)]
    zero, scale = 0 if dtype == "int16" else -3, 0.015 if op is Mean else 0.02
    quants = (None, None) if dtype == "float32" else (Quant((0.02,), (zero,)), Quant((scale,), (zero,)))
    if op is Mean:
        y = Tensor("y", (1, channels), dtype, quants[1])
        return graph_of(op, [Tensor("x", (1, *window, channels), dtype, quants[0])], y, axes=(1, 2))
    out = [size(rng, 1, 6) for _ in range(2)]
    x = Tensor("x", (1, *(k * n for k, n in zip(window, out, strict=True)), channels), dtype, quants[0])
    y = Tensor("y", (1, *out, channels), dtype, quants[1])
    return graph_of(op, [x], y, kernel=tuple(window), stride=tuple(window))


def size(rng: Rng, least: int, most: int) -> int:
    """Small ones as often as large ones."""
    return round(float(np.exp(rng.uniform(np.log(least), np.log(most)))))


def _graph(op: type[Op], dtype: str, rng: Rng, spread: int, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...],
           **options: object) -> Graph:  # fmt: skip
    real, axis = dtype == "float32", 3 if op is DepthwiseConv2D else 0
    weights = np.clip(np.round(rng.normal(0, spread, w)), -128, 127)
    bias = np.round(rng.normal(0, 100, w[axis])).astype(_BIASES[dtype])
    scales = rng.uniform(0.002, 0.01, w[axis]).astype(np.float32).tolist()
    zero = 0 if dtype == "int16" else -3
    tensors = [
        Tensor("x", x, dtype, None if real else Quant((0.02,), (zero,))),
        Tensor("w", w, dtype, None, (weights / 100).astype(np.float32))
        if real
        else Tensor("w", w, "int8", _per_channel(scales, axis), weights.astype(np.int8)),
        Tensor("b", bias.shape, bias.dtype.name, None if real else _per_channel([0.02 * s for s in scales], 0), bias),
    ]
    return graph_of(op, [*tensors], Tensor("y", y, dtype, None if real else Quant((0.05,), (zero,))), **options)


def _per_channel(scales: Sequence[float], axis: int) -> Quant:
    return Quant(tuple(scales), (0,) * len(scales), axis if len(scales) > 1 else None)
