"""Operators that work element by element, in single rounding."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from exact_rounding import finish, fixed_point, round_once, round_twice, times

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.add import Sub
from aot.ops.common import Activation
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.quantize import Quantize
from aot.ops.roots import inverse_root
from aot.ops.softmax import distance_scale, reciprocal, shares_of
from aot.ops.two_slopes import Abs


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
