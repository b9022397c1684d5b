"""Second definitions, in double precision, of the operators that no .tflite file can say.

Each is as plain as can be, element by element where that is clearer, and shares nothing with aot/ops.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import definitions_recurrent as recurrent
import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.clip import Clip
from aot.ops.gru import Gru
from aot.ops.normalize import Normalize
from aot.ops.pick import Pick
from aot.ops.pool2d import AveragePool2D, MaxPool2D, Pool2D
from aot.ops.real_functions import RealFunction
from aot.ops.recurrent import Lstm, Rnn
from aot.ops.resize import ResizeBilinear
from aot.ops.scatter_nd import ScatterNd
from aot.ops.transpose_conv import TransposeConv

Values = Mapping[str, Array]


@dataclass(frozen=True)
class Definition:
    """`outputs` in double precision or integers; float32 may be off by `relative`, of itself or of the largest.

    So many codes may be off by one: `near_ties`, which float32 and double precision round apart.
    """

    outputs: Callable[[Any, Graph, Values], tuple[Array, ...]]
    relative: float = 0.0
    of_largest: bool = False
    near_ties: int = 0

    def wrong(self, actual: Array, expected: Array) -> Array:
        """Which elements are not as they should be."""
        if actual.dtype != np.float32:
            off = np.abs(actual.astype(np.int64) - expected)
            return np.asarray(off > (0 if np.count_nonzero(off) > self.near_ties else 1))
        finite = np.abs(expected[np.isfinite(expected)])
        size = finite.max(initial=0) if self.of_largest else np.abs(expected)
        with np.errstate(invalid="ignore"):
            near = np.abs(actual - expected) <= self.relative * size + (1e-37 if self.relative else 0)
        with np.errstate(over="ignore"):
            same = actual == expected.astype(np.float32)
        return np.asarray(~(near | same | (np.isnan(actual) & np.isnan(expected))))


def _logistic(x: float) -> float:
    return math.exp(min(x, 0)) / (1 + math.exp(-abs(x)))


def _softplus(x: float) -> float:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def _library(name: str) -> Callable[[float, float, float], float]:
    function = getattr(math, name)
    return lambda x, a, b: function(x)


FUNCTIONS: dict[str, Callable[[float, float, float], float]] = {
    **{name: _library(name) for name in "acos acosh asin asinh atan atanh cosh erf sinh tan".split()},
    "celu": lambda x, a, b: max(0.0, x) + min(0.0, a * math.expm1(min(0.0, x / a))),
    "elu": lambda x, a, b: x if x >= 0 else a * math.expm1(x),
    "hard_sigmoid": lambda x, a, b: max(
        0.0, min(1.0, float(np.float32(np.float32(a) * np.float32(x)) + np.float32(b)))
    ),
    "mish": lambda x, a, b: x * math.tanh(_softplus(x)),
    "reciprocal": lambda x, a, b: 1 / x if x else math.copysign(math.inf, x),
    "selu": lambda x, a, b: b * (x if x >= 0 else a * math.expm1(x)),
    "shrink": lambda x, a, b: x + b if x < -a else x - b if x > a else 0.0,
    "softplus": lambda x, a, b: _softplus(x),
    "softsign": lambda x, a, b: x / (1 + abs(x)),
    "swish": lambda x, a, b: x * _logistic(a * x),
    "thresholded_relu": lambda x, a, b: x if x > a else 0.0,
}


def _function_of(op: RealFunction, x: float) -> float:
    """Not a number where the function is not defined, infinite where it is too large."""
    try:
        return FUNCTIONS[op.function](x, op.alpha, op.beta)
    except ValueError:
        return math.copysign(math.inf, x) if op.function == "atanh" and abs(x) == 1 else math.nan
    except OverflowError:
        return -math.inf if op.function == "sinh" and x < 0 else math.inf


def _real_function(op: RealFunction, graph: Graph, values: Values) -> tuple[Array, ...]:
    x, y = op.operands(graph)
    reals = real(values[x.name], x)
    stays = op.function not in ("shrink", "thresholded_relu")  # which give 0 for what is not larger
    results = np.array([math.nan if math.isnan(v) and stays else _function_of(op, v) for v in reals.ravel().tolist()])
    return (coded(results.reshape(y.shape), y),)


def real(value: Array, x: Tensor) -> Array:
    """What the codes of `x` stand for; reals as they are."""
    if x.quant is None:
        return value.astype(np.float64) if x.dtype == "float32" else value
    return (value.astype(np.float64) - x.zero_point) * x.scale


def coded(value: Array, y: Tensor) -> Array:
    """The nearest codes of `y`, ties away from zero; reals as they are. Not-a-number is 0 in codes."""
    if y.quant is None:
        return value
    steps = np.nan_to_num(value, nan=0.0, posinf=math.inf, neginf=-math.inf) / y.scale
    info = np.iinfo(y.dtype)
    codes = np.trunc(steps + np.copysign(0.5, steps)) + y.zero_point
    return np.clip(codes, info.min, info.max).astype(y.dtype)


def _clip(op: Clip, graph: Graph, values: Values) -> tuple[Array, ...]:
    x, y = op.operands(graph)
    low, high = (coded(np.array(limit), y) for limit in (op.low, op.high))
    return (np.where(np.isnan(values[x.name]), values[x.name], np.minimum(np.maximum(values[x.name], low), high)),)


def _normalize(op: Normalize, graph: Graph, values: Values) -> tuple[Array, ...]:
    x = values[op.inputs[0]].astype(np.float64)
    scale, bias = (None if name is None else recurrent.given(graph, values, name) for name in op.inputs[1:])
    inner, y = x.shape[-1] // op.groups, np.empty(x.shape)
    for place in np.ndindex(*x.shape[: op.batch_dims], op.groups):
        channels = slice(place[-1] * inner, (place[-1] + 1) * inner)
        part = x[(*place[:-1], ..., channels)]
        centred = part - part.mean() if op.centred else part
        y[(*place[:-1], ..., channels)] = centred / np.sqrt((centred**2).mean() + op.epsilon)
    return (y * (1 if scale is None else scale) + (0 if bias is None else bias),)


def _pick(op: Pick, graph: Graph, values: Values) -> tuple[Array, ...]:
    y = values[op.inputs[0]]
    for axis, name in enumerate(op.inputs[1:]):
        y = y if name is None else np.take(y, graph[name].data, axis)
    return (y,)


def _resize_bilinear(op: ResizeBilinear, graph: Graph, values: Values) -> tuple[Array, ...]:
    """Along one axis after the other."""
    y, half = values[op.inputs[0]].astype(np.float64), 0.5 * op.half_pixel_centers
    for axis, (size, step) in enumerate(zip(op.size, op.steps, strict=True), start=1):
        at = np.clip((np.arange(size) + half) * step - half, 0, y.shape[axis] - 1)
        behind = np.minimum(np.floor(at).astype(int) + 1, y.shape[axis] - 1)
        share = (at - np.floor(at)).reshape(-1, *(1,) * (3 - axis))
        y = np.take(y, np.floor(at).astype(int), axis) * (1 - share) + np.take(y, behind, axis) * share
    return (y,)


def _scatter_nd(op: ScatterNd, graph: Graph, values: Values) -> tuple[Array, ...]:
    x, indices, updates = (recurrent.known(graph, values, name) for name in op.inputs)
    result, limits = x.copy(), x.shape[: indices.shape[-1]]
    for i in np.ndindex(*indices.shape[:-1]):
        place = tuple(min(max(int(at), 0), extent - 1) for at, extent in zip(indices[i], limits, strict=True))
        for k in np.ndindex(*x.shape[len(limits) :]):
            old, new = result[(*place, *k)], updates[(*i, *k)]
            with np.errstate(all="ignore"):
                changed = {"none": new, "add": old + new, "mul": old * new, "max": max(old, new), "min": min(old, new)}
            result[(*place, *k)] = changed[op.reduction]
    return (result,)


def _transpose_conv(op: TransposeConv, graph: Graph, values: Values) -> tuple[Array, ...]:
    """Each input adds its filters to what they reach."""
    x, w, b = (recurrent.given(graph, values, name) if name else None for name in (*op.inputs, None)[:3])
    y, depth, (top, left) = graph[op.outputs[0]], w.shape[3], (op.padding[0][0], op.padding[1][0])
    groups = range(x.shape[3] // depth)
    group_out = w.shape[0] // len(groups)
    sums = np.zeros(y.shape) + (0 if b is None else b)
    for i, j, p, q in np.ndindex(*x.shape[1:3], *w.shape[1:3]):
        row, column = i * op.stride[0] + p - top, j * op.stride[1] + q - left
        if 0 <= row < y.shape[1] and 0 <= column < y.shape[2]:
            for g in groups:
                filters = slice(g * group_out, (g + 1) * group_out)
                sums[:, row, column, filters] += x[:, i, j, g * depth : (g + 1) * depth] @ w[filters, p, q].T
    low, high = op.activation.value
    return (np.clip(sums, -np.inf if low is None else low, np.inf if high is None else high),)


def _pool(op: Pool2D, graph: Graph, values: Values) -> tuple[Array, ...]:
    """Window by window, of the taps inside; integers keep their codes."""
    x, y = op.operands(graph)
    value, result = values[x.name].astype(np.float64), np.empty(y.shape)
    for n, i, j, c in np.ndindex(*y.shape):
        places = (
            [
                at
                for tap in range(op.kernel[d])
                if 0 <= (at := first * op.stride[d] + tap * op.dilation[d] - op.padding[d][0]) < x.shape[1 + d]
            ]
            for d, first in enumerate((i, j))
        )
        taps = value[n][np.ix_(*places)][..., c]
        result[n, i, j, c] = taps.max() if isinstance(op, MaxPool2D) else taps.mean()
    low, high = op.activation.value
    if y.dtype != "float32":
        info, result = np.iinfo(y.dtype), np.trunc(result + np.copysign(0.5, result))
        low, high = (end if v is None else coded(np.array(v), y) for v, end in ((low, info.min), (high, info.max)))
        return (np.minimum(np.maximum(result, low), high).astype(y.dtype),)
    return (np.clip(result, -np.inf if low is None else low, np.inf if high is None else high),)


DEFINITIONS: dict[type[Op], Definition] = {
    **dict.fromkeys((AveragePool2D, MaxPool2D), Definition(_pool, 1e-5, of_largest=True)),
    Clip: Definition(_clip),
    Gru: Definition(recurrent.gru, 1e-5, of_largest=True),
    Lstm: Definition(recurrent.lstm, 1e-5, of_largest=True),
    Normalize: Definition(_normalize, 1e-5, of_largest=True),
    Pick: Definition(_pick),
    RealFunction: Definition(_real_function, 1e-6, near_ties=3),
    ResizeBilinear: Definition(_resize_bilinear, 1e-5, of_largest=True),
    ScatterNd: Definition(_scatter_nd),
    TransposeConv: Definition(_transpose_conv, 1e-5, of_largest=True),
    Rnn: Definition(recurrent.rnn, 1e-5, of_largest=True),
}
