"""Operators in single rounding, written a second time and as plainly as can be: Python integers and fractions.

No build of LiteRT rounds once with ties upwards, so this stands in for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from exact_elementwise import (
    add,
    comparison,
    l2_normalization,
    mul,
    prelu,
    quotient,
    rescale,
    rsqrt,
    softmax,
    squared_difference,
    sums,
    two_slopes,
)
from exact_lstm import lstm
from exact_rounding import finish, fixed_point, round_once, times

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.division import Div
from aot.ops.fully_connected import FullyConnected
from aot.ops.l2_normalization import L2Normalization
from aot.ops.mean import Mean
from aot.ops.mul import Mul
from aot.ops.prelu import Prelu
from aot.ops.quantize import Quantize
from aot.ops.recurrent import Lstm
from aot.ops.reduce import Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt
from aot.ops.softmax import Softmax
from aot.ops.squared_difference import SquaredDifference
from aot.ops.svdf import Svdf
from aot.ops.transpose_conv import TransposeConv
from aot.ops.two_slopes import Abs, LeakyRelu


def _window_sums(op: Any, x: Array, filters: Callable[[Array], Array], y: Tensor, kernel: tuple[int, ...]) -> Array:
    """`filters` applied to each window, one place after the other."""
    acc = np.zeros(y.shape, np.int64)
    for n, i, j in np.ndindex(*y.shape[:3]):
        window = np.zeros((*kernel, x.shape[3]), np.int64)
        for p, q in np.ndindex(*kernel):
            row = i * op.stride[0] + p * op.dilation[0] - op.padding[0][0]
            column = j * op.stride[1] + q * op.dilation[1] - op.padding[1][0]
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                window[p, q] = x[n, row, column]
        acc[n, i, j] = filters(window)
    return acc


def _grouped(weights: Array, window: Array) -> Array:
    """Each filter over the channels of its group."""
    depth = weights.shape[3]
    per_group = len(weights) * depth // window.shape[2]
    firsts = [o // per_group * depth for o in range(len(weights))]
    return np.array([(window[:, :, c : c + depth] * f).sum() for c, f in zip(firsts, weights, strict=True)])


def _scattered(op: Any, x: Array, weights: Array, y: Tensor) -> Array:
    """Each input times its filter, added wherever that lies inside the output."""
    acc = np.zeros(y.shape, np.int64)
    for n, i, j in np.ndindex(*x.shape[:3]):
        for p, q in np.ndindex(*weights.shape[1:3]):
            row, column = i * op.stride[0] + p - op.padding[0][0], j * op.stride[1] + q - op.padding[1][0]
            if 0 <= row < y.shape[1] and 0 <= column < y.shape[2]:
                acc[n, row, column] += weights[:, p, q] @ x[n, i, j]
    return acc


def dense(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Convolutions and dense layers."""
    x, w, _, y = op.operands(graph)
    scales = [x.scale * s / y.scale for s in w.quant.scale]
    return finish(times(accumulators(op, graph, values), scales), y, op.activation)


def _product(a: Tensor, b: Tensor) -> float:
    """Of two scales, in float32."""
    return float(np.float32(a.scale) * np.float32(b.scale))


def nearest(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """The same with float32 products, rounded to nearest even: the rounding `float`."""
    x, w, _, y = op.operands(graph)
    scales = np.float32(x.scale) * np.array(w.quant.scale, np.float32) / np.float32(y.scale)
    return finish(np.rint(accumulators(op, graph, values).astype(np.float32) * scales), y, op.activation)


def accumulators(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """The sums of convolutions and dense layers, biases included."""
    x, w, b, y = op.operands(graph)
    centred = values[x.name].astype(np.int64) - x.zero_point
    weights = w.data.astype(np.int64)
    if isinstance(op, FullyConnected):
        acc = centred.reshape(-1, w.shape[1]) @ weights.T
    elif isinstance(op, TransposeConv):
        acc = _scattered(op, centred, weights, y)
    elif isinstance(op, Conv2D):
        acc = _window_sums(op, centred, lambda v: _grouped(weights, v), y, w.shape[1:3])
    else:
        many = w.shape[3] // x.shape[3]
        acc = _window_sums(op, centred, lambda v: (np.repeat(v, many, 2) * weights[0]).sum((0, 1)), y, w.shape[1:3])
    if b is not None:
        acc = acc + b.data.astype(np.int64).reshape(-1)
    return acc


def mean(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Mean: the multiplier divided by the count, after as many shifts as keep its precision."""
    x, y = op.operands(graph)
    total = (values[x.name].astype(np.int64) - x.zero_point).sum(axis=op.axes, keepdims=op.keep_dims)
    count = x.elements // y.elements
    multiplier, shift = fixed_point(x.scale / y.scale)
    more = max(n for n in range(33) if 2**n <= count and shift - n >= -31)
    scaled = [round_once(int(t), multiplier * 2**more // count, shift - more) for t in total.reshape(-1)]
    return finish(np.array(scaled, np.int64), y)


def matmul(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """BatchMatMul."""
    a, b, y = op.operands(graph)
    left, right = (values[t.name].astype(np.int64) - t.zero_point for t in (a, b))
    left = left.swapaxes(-1, -2) if op.adj_x else left
    acc = left @ (right.swapaxes(-1, -2) if op.adj_y else right)
    return finish(times(acc.reshape(-1, 1), [_product(a, b) / y.scale]), y)


def total(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Sum."""
    x, y = op.operands(graph)
    acc = (values[x.name].astype(np.int64) - x.zero_point).sum(axis=op.axes, keepdims=op.keep_dims)
    return finish(times(acc.reshape(-1, 1), [x.scale / y.scale]), y)


def svdf(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Svdf: unit by unit, with the newest feature of each filter behind those that are remembered."""
    x, features, time, b, state, y = op.operands(graph)
    newest_scale = float(np.float32(x.scale) * np.float32(features.scale) / np.float32(state.scale))
    scale = float(np.float32(state.scale) * np.float32(time.scale) / np.float32(y.scale))
    held = values[state.name].reshape(x.shape[0], *time.shape).tolist()
    result = np.zeros(y.shape, np.int64)
    for n, u in np.ndindex(*y.shape):
        acc = 0 if b is None else int(b.data[u])
        for f in range(u * op.rank, (u + 1) * op.rank):
            dot = sum(
                (int(v) - x.zero_point) * int(w) for v, w in zip(values[x.name][n], features.data[f], strict=True)
            )
            newest = finish(np.array([round_once(dot, *fixed_point(newest_scale))]), replace(state, shape=(1,)))
            memory = [*held[n][f][1:], int(newest[0])]
            acc += sum((m - state.zero_point) * int(w) for m, w in zip(memory, time.data[f], strict=True))
        result[n, u] = round_once((acc + 2**31) % 2**32 - 2**31, *fixed_point(scale))
    return finish(result, y)


SINGLE: dict[type[Op], Callable[[Any, Graph, Mapping[str, Array]], Array]] = {
    Abs: two_slopes,
    Add: add,
    AddN: sums,
    BatchMatMul: matmul,
    Conv2D: dense,
    **dict.fromkeys((Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual), comparison),
    SquaredDifference: squared_difference,
    DepthwiseConv2D: dense,
    FullyConnected: dense,
    LeakyRelu: two_slopes,
    L2Normalization: l2_normalization,
    Mean: mean,
    Softmax: softmax,
    Div: quotient,
    Mul: mul,
    Prelu: prelu,
    Quantize: rescale,
    Relu: rescale,
    Relu0To1: rescale,
    Relu6: rescale,
    Sum: total,
    TransposeConv: dense,
    ReluN1To1: rescale,
    Rsqrt: rsqrt,
    Sub: add,
    Svdf: svdf,
    Lstm: lstm,
}
