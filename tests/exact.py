"""Operators in single rounding, written a second time and as plainly as can be: Python integers and fractions.

No build of LiteRT rounds once with ties upwards, so this stands in for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Tensor
from aot.ops.add import Add, Sub
from aot.ops.add_n import AddN
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import Activation
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
from aot.ops.reduce import Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, inverse_root
from aot.ops.softmax import Softmax, distance_scale, reciprocal, shares_of
from aot.ops.squared_difference import SquaredDifference
from aot.ops.svdf import Svdf
from aot.ops.transpose_conv import TransposeConv
from aot.ops.two_slopes import Abs, LeakyRelu


def fixed_point(scale: float) -> tuple[int, int]:
    """(multiplier, shift): scale ~ multiplier * 2**(shift - 31), the multiplier in [2**30, 2**31)."""
    fraction, shift = Fraction(scale), 0
    if fraction == 0:
        return 0, 0
    while fraction >= 1:
        fraction, shift = fraction / 2, shift + 1
    while fraction < Fraction(1, 2):
        fraction, shift = fraction * 2, shift - 1
    multiplier = (fraction * 2**31 + Fraction(1, 2)).__floor__()
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def round_once(acc: int, multiplier: int, shift: int) -> int:
    """acc * multiplier * 2**(shift - 31), rounded to nearest, ties upwards."""
    return (Fraction(acc * multiplier) * Fraction(2) ** (shift - 31) + Fraction(1, 2)).__floor__()


def round_twice(acc: int, multiplier: int, shift: int) -> int:
    """The same, rounded to the high half of the product first, ties upwards, then shifted, ties away from zero."""
    high = (Fraction(acc * multiplier) * Fraction(2) ** (max(shift, 0) - 31) + Fraction(1, 2)).__floor__()
    rest = Fraction(abs(high)) * Fraction(2) ** min(shift, 0)
    return (rest + Fraction(1, 2)).__floor__() * (1 if high >= 0 else -1)


def times(acc: Array, scales: list[float]) -> Array:
    """Each of `acc` times the scale of its channel, the last dimension."""
    pairs = [fixed_point(s) for s in scales]
    flat = acc.reshape(-1, acc.shape[-1] if acc.ndim else 1)
    rows = [[round_once(int(v), *pairs[i % len(pairs)]) for i, v in enumerate(row)] for row in flat]
    return np.array(rows, np.int64).reshape(acc.shape)


def finish(scaled: Array, y: Tensor, activation: Activation = Activation.NONE) -> Array:
    """Zero point, activation and the limits of the type."""
    low, high = activation.value
    info = np.iinfo(y.dtype)
    lowest = int(info.min) if low is None else max(int(info.min), y.zero_point + _code(low, y))
    highest = int(info.max) if high is None else min(int(info.max), y.zero_point + _code(high, y))
    limited = [min(max(int(v) + y.zero_point, lowest), highest) for v in scaled.reshape(-1)]
    return np.array(limited, y.dtype).reshape(y.shape)


def _code(real: float, y: Tensor) -> int:
    exact = Fraction(float(np.float32(real) / np.float32(y.scale)))
    return (abs(exact) + Fraction(1, 2)).__floor__() * (1 if real >= 0 else -1)


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
    if isinstance(op, FullyConnected) and len(scales) == 1:
        scales = [_product(x, w) / y.scale]
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


def add(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Add."""
    a, b, y = op.operands(graph)
    larger, more = 2 * max(a.scale, b.scale), 2**15 if y.dtype == "int16" else 2**20
    left = times((values[a.name].astype(np.int64) - a.zero_point) * more, [a.scale / larger])
    right = times((values[b.name].astype(np.int64) - b.zero_point) * more, [b.scale / larger])
    if op.power_of_two:
        left, right = (times(values[t.name].astype(np.int64), [t.scale / y.scale]) for t in (a, b))
        return finish(left - right if isinstance(op, Sub) else left + right, y, op.activation)
    total = left - right if isinstance(op, Sub) else left + right
    return finish(times(total, [larger / (more * y.scale)]), y, op.activation)


def squared_difference(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """SquaredDifference of int8."""
    a, b, y = op.operands(graph)
    larger = 2 * max(a.scale, b.scale)
    left, right = (times((values[t.name].astype(np.int64) - t.zero_point) * 128, [t.scale / larger]) for t in (a, b))
    return finish(times((left - right) ** 2, [larger**2 / (128**2 * y.scale)]), y)


def comparison(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Comparisons, in multiples of 1/256 or code by code."""
    a, b, _ = op.operands(graph)
    left, right = values[a.name].astype(np.int64), values[b.name].astype(np.int64)
    if a.dtype == "int8" or isinstance(op, Equal | NotEqual):
        left, right = times((left - a.zero_point) * 256, [a.scale]), times((right - b.zero_point) * 256, [b.scale])
    below, above = left < right, left > right
    return {
        Equal: ~(below | above),
        NotEqual: below | above,
        Less: below,
        LessEqual: ~above,
        Greater: above,
        GreaterEqual: ~below,
    }[type(op)]


def sums(op: Any, graph: Graph, values: Mapping[str, Array], roundings: int = 1) -> Array:
    """AddN of int8."""
    xs, y = op.operands(graph)
    total = sum(values[x.name].astype(np.int64) - x.zero_point for x in xs) * 2**19
    scale = fixed_point(xs[0].scale / (2**19 * y.scale))
    rounded = round_once if roundings == 1 else round_twice
    scaled = [rounded(int(t), *scale) for t in total.reshape(-1)]
    return finish(np.array(scaled, np.int64).reshape(y.shape), y)


def mul(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Mul."""
    a, b, y = op.operands(graph)
    product = (values[a.name].astype(np.int64) - a.zero_point) * (values[b.name].astype(np.int64) - b.zero_point)
    ratio = np.float32(a.scale) * np.float32(b.scale) / np.float32(y.scale)
    return finish(times(product, [float(ratio)]), y, op.activation)


def softmax(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Softmax of int16: only the distances from the maximum are requantized; then as in any rounding."""
    x, _ = op.operands(graph)
    q = values[x.name].astype(np.int64)
    distances = times(q - q.max(axis=-1, keepdims=True), [distance_scale(x.scale, op.beta)])
    return shares_of(distances.reshape(q.shape))


def l2_normalization(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """L2Normalization of int8."""
    x, y = op.operands(graph)
    rows = (values[x.name].astype(np.int64) - x.zero_point).reshape(-1, x.shape[-1])
    scaled = []
    for row in rows:
        root, shift = inverse_root(int((row**2).sum()))
        scaled.append([round_once(int(v), root, 7 - shift) for v in row])
    return finish(np.array(scaled, np.int64).reshape(y.shape), y)


def quotient(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Div of codes: the dividend, filling 31 bits, times the divisor's reciprocal, then the scale."""
    a, b, y = op.operands(graph)
    scale = float(np.float32(a.scale) / (np.float32(b.scale) * np.float32(y.scale)))
    multiplier, shift = fixed_point(scale)
    scaled = []
    pairs = np.broadcast_arrays(values[a.name].astype(int) - a.zero_point, values[b.name].astype(int) - b.zero_point)
    for x, divisor in zip(*(p.ravel().tolist() for p in pairs), strict=True):
        size, left = abs(divisor), 0
        while x and -(2**30) <= x * 2**left < 2**30:
            left += 1
        if x == 0 or divisor == 0:
            scaled.append(0)
            continue
        inverse = int(reciprocal(np.array(size * 2 ** (32 - size.bit_length()) - 2**31)))
        share = round_once((x if divisor > 0 else -x) * 2**left if x != 0 else 0, inverse, 0)
        scaled.append(round_once(share, multiplier, shift - left - size.bit_length() + 1))
    return finish(np.array(scaled, np.int64).reshape(y.shape), y, op.activation)


def prelu(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Prelu."""
    x, alpha, y = op.operands(graph)
    value, slope = (values[t.name].astype(np.int64) - t.zero_point for t in (x, alpha))
    above = times(value, [float(np.float32(x.scale) / np.float32(y.scale))])
    below = times(value * slope, [float(np.float32(x.scale) * np.float32(alpha.scale) / np.float32(y.scale))])
    return finish(np.where(value < 0, below, above), y)


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


def rescale(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Relu, Relu6 and Quantize from int8."""
    x, y = op.operands(graph)
    ratio = x.scale / y.scale if isinstance(op, Quantize) else float(np.float32(x.scale) / np.float32(y.scale))
    scaled = times(values[x.name].astype(np.int64) - x.zero_point, [ratio])
    return finish(scaled, y, getattr(op, "function", Activation.NONE))


def two_slopes(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Abs and LeakyRelu, element by element."""
    x, y = op.operands(graph)
    ratio = np.float32(x.scale) / np.float32(y.scale)
    above = fixed_point(float(ratio))
    below = fixed_point(float(np.float32(x.scale) * np.float32(getattr(op, "alpha", 1)) / np.float32(y.scale)))
    scaled = []
    for q in values[x.name].reshape(-1).tolist():
        value = q - x.zero_point
        value = abs(value) if isinstance(op, Abs) else value
        exact = isinstance(op, Abs) and ratio == 1
        scaled.append(value if exact else round_once(value, *(below if value < 0 else above)))
    return finish(np.array(scaled, np.int64), y)


def rsqrt(op: Any, graph: Graph, values: Mapping[str, Array]) -> Array:
    """Rsqrt of int8: the reciprocal root with 20 bits of fraction, then scaled."""
    x, y = op.operands(graph)
    if y.dtype == "int16":
        return np.asarray(op.evaluate(graph, values, "double")[0])  # a table: nothing is requantized
    multiplier, shift = fixed_point(float(1 / np.float64(np.sqrt(np.float32(x.scale)) * np.float32(y.scale))))
    scaled = []
    for q in values[x.name].reshape(-1).tolist():
        inverse, right = inverse_root(q - x.zero_point)
        root = round_once(1, inverse, 20 - right)
        scaled.append(round_once(root, multiplier, shift - 20) if q > x.zero_point else 1000)
    return finish(np.array(scaled, np.int64), y)


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
}
