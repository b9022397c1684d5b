"""Activation functions, by the names that Keras gives them, and the layers that are one."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary, scaled
from aot.frontends.building.movement import sliced
from aot.frontends.building.reduction import along_last, reduced
from aot.frontends.keras.description import Layer, layer_of, number
from aot.frontends.keras.layers.common import real
from aot.frontends.keras.records import Call, Reader, axes_of, axis_of
from aot.graph.ir import Op, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.cast import Cast
from aot.ops.clip import Clip
from aot.ops.common import require
from aot.ops.comparison import Greater, GreaterEqual
from aot.ops.cumsum import CumSum
from aot.ops.division import Div
from aot.ops.functions import Elu, Exp, Gelu, Neg, Square
from aot.ops.hard_swish import HardSwish
from aot.ops.log_softmax import LogSoftmax
from aot.ops.mul import Mul
from aot.ops.prelu import Prelu
from aot.ops.real_functions import RealFunction
from aot.ops.reduce import Sum
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Sqrt
from aot.ops.select import SelectV2
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.softmax import Softmax
from aot.ops.top_k import TopK
from aot.ops.two_slopes import LeakyRelu

Function = Callable[[Call, Value], Value]
_SELU = (1.6732632423543772, 1.0507009873554805)  # alpha and scale


def _unary(kind: type[Op], **attributes: Any) -> Function:
    return lambda call, x: call.build.like(x, kind, **attributes)


def _real(function: str, alpha: float = 0.0, beta: float = 0.0) -> Function:
    return _unary(RealFunction, function=function, alpha=alpha, beta=beta)


def _plus(call: Call, x: Value, offset: float) -> Value:
    return call.build.like(x, Add, (call.build.number(offset),))


def glu(call: Call, x: Value, axis: int = -1) -> Value:
    """One half times the sigmoid of the other."""
    axis = axis_of(axis, x.rank)
    extent = x.shape[axis]
    require(extent % 2 == 0, f"{extent} elements in two halves")
    halves = [[range(e) for e in x.shape] for _ in range(2)]
    halves[0][axis], halves[1][axis] = range(extent // 2), range(extent // 2, extent)
    value, gate = (sliced(call, x, half) for half in halves)
    return binary(call, Mul, value, call.build.like(gate, Logistic))


def _log_sigmoid(call: Call, x: Value) -> Value:
    return call.build.like(_real("softplus")(call, call.build.like(x, Neg)), Neg)


def _sparse_plus(call: Call, x: Value) -> Value:
    """0 up to -1, x from 1 on, and a quarter of (x + 1) squared in between."""
    build = call.build
    curve = build.like(_plus(call, build.like(x, ReluN1To1), 1.0), Square)
    return binary(call, Add, scaled(call, curve, 0.25), build.like(_plus(call, x, -1.0), Relu))


def squareplus(call: Call, x: Value, b: float = 4.0) -> Value:
    """(x + sqrt(x * x + b)) / 2."""
    build = call.build
    root = build.like(_plus(call, build.like(x, Square), b), Sqrt)
    return scaled(call, binary(call, Add, x, root), 0.5)


def _tanh_shrink(call: Call, x: Value) -> Value:
    return binary(call, Sub, x, call.build.like(x, Tanh))


def sparsemax(call: Call, x: Value, axis: int = -1) -> Value:
    """x less a threshold, or 0 where that is more.

    With x sorted, largest first, and its sums so far, those count that are below 1 + count * x; the threshold is
    (total - 1) / how many count. The total is that of all these sums, though the paper has only the last one of them:
    so every backend of Keras computes it.
    """
    build, axis = call.build, axis_of(axis, x.rank)
    last = (*(a for a in range(x.rank) if a != axis), axis)
    rows = build.settled(x.transposed(last))
    end, count = rows.rank - 1, rows.shape[-1]
    outputs = [(rows.shape, "float32"), (rows.shape, "int32")]
    largest, _ = build.emit_all(TopK, (build.stored(rows),), outputs, k=count)
    sums = build.like(largest, CumSum, axis=end)
    counts = call.constant(np.arange(1, count + 1, dtype=np.float32), "counts")
    counted = binary(call, Greater, largest, binary(call, Div, _plus(call, sums, -1.0), counts), "bool")
    shares = build.like(counted, Cast, dtype="float32")
    total = reduced(call, binary(call, Mul, sums, shares), Sum, (end,), keep=True)
    threshold = binary(call, Div, _plus(call, total, -1.0), reduced(call, shares, Sum, (end,), keep=True))
    y = build.like(binary(call, Sub, rows, threshold), Relu)
    return y.transposed(tuple(last.index(a) for a in range(x.rank)))


def relu(call: Call, x: Value, slope: float = 0.0, largest: float | None = None, threshold: float = 0.0) -> Value:
    """x from `threshold` on, but no more than `largest`; below, the slope times what is missing."""
    build = call.build
    if slope and threshold:
        x = _sloped(call, x, slope, threshold)
    elif slope:
        x = build.like(x, LeakyRelu, alpha=slope)
    elif threshold:
        x = build.like(x, RealFunction, function="thresholded_relu", alpha=_just_below(threshold))
    elif largest in (1.0, 6.0):
        return build.like(x, Relu6 if largest == 6.0 else Relu0To1)
    else:
        x = build.like(x, Relu)
    return x if largest is None else build.like(x, Clip, high=largest)


def _sloped(call: Call, x: Value, slope: float, threshold: float) -> Value:
    """x from `threshold` on, the slope times x - threshold below it."""
    build = call.build
    above = build.like(x, GreaterEqual, (build.number(threshold),), dtype="bool")
    below = scaled(call, _plus(call, x, -threshold), slope)
    return build.like(above, SelectV2, (build.raw(x), build.raw(below)), dtype="float32")


def _just_below(threshold: float) -> float:
    """Keras keeps x where it is the threshold itself."""
    return float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))


def softmax(call: Call, x: Value, axis: Any = -1, kind: type[Op] = Softmax) -> Value:
    """Shares of e to the power of x, along an axis or along several last ones together."""
    axes = axes_of(axis, x.rank)
    if len(axes) == 1:
        return along_last(call, x, kind, axes[0])
    require(axes == tuple(range(x.rank - len(axes), x.rank)), f"axes {axes} that are not the last ones")
    rows = call.build.reshape(x, (*x.shape[: axes[0]], math.prod(x.shape[axes[0] :])))
    return call.build.reshape(along_last(call, rows, kind, rows.rank - 1), x.shape)


def _same(call: Call, x: Value) -> Value:
    return x


FUNCTIONS: dict[str, Function] = {
    "celu": _real("celu", 1.0),
    "elu": _unary(Elu),
    "exponential": _unary(Exp),
    "gelu": _unary(Gelu),
    "glu": glu,
    "hard_shrink": _real("shrink", 0.5, 0.0),
    "hard_sigmoid": _real("hard_sigmoid", 1 / 6, 0.5),
    "hard_silu": _unary(HardSwish),
    "hard_swish": _unary(HardSwish),
    "hard_tanh": _unary(ReluN1To1),
    "leaky_relu": _unary(LeakyRelu, alpha=0.2),
    "linear": _same,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": partial(softmax, kind=LogSoftmax),
    "mish": _real("mish"),
    "relu": _unary(Relu),
    "relu6": _unary(Relu6),
    "selu": _real("selu", *_SELU),
    "sigmoid": _unary(Logistic),
    "silu": _real("swish", 1.0),
    "soft_shrink": _real("shrink", 0.5, 0.5),
    "softmax": softmax,
    "softplus": _real("softplus"),
    "softsign": _real("softsign"),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _real("hard_sigmoid", 0.5, 0.5),
    "sparsemax": sparsemax,
    "squareplus": squareplus,
    "swish": _real("swish", 1.0),
    "tanh": _unary(Tanh),
    "tanh_shrink": _tanh_shrink,
}


def function_of(written: Any) -> str | Layer:
    """An activation as a layer's configuration has it: the name of a function, or a layer."""
    if written is None:
        return "linear"
    if isinstance(written, str):
        return written
    if isinstance(written, Mapping) and written.get("class_name") == "function":
        name, module = written.get("config"), str(written.get("module"))
        if isinstance(name, str) and (module.split(".")[0] in ("keras", "builtins") or name in FUNCTIONS):
            return name
    if isinstance(written, Mapping) and isinstance(written.get("config"), Mapping):
        return layer_of(written)
    raise Unsupported("an activation that is a function of its own: it would be Python code, which aot never runs")


def activated(call: Call, x: Value, written: Any) -> Value:
    """`x` through an activation."""
    function = function_of(written)
    if isinstance(function, Layer):
        require(function.kind in READERS, f"the activation {function.kind}")
        return call.within(function, [x], call.weights)[0]
    require(function in FUNCTIONS, f"the activation {function[:80]}")
    return FUNCTIONS[function](call, x)


def _activation(call: Call) -> Value:
    return activated(call, real(call), call.layer.config.get("activation"))


def _relu_layer(call: Call) -> Value:
    layer = call.layer
    largest = layer.real("max_value") if layer.has("max_value") else None
    return relu(call, real(call), layer.real("negative_slope", 0.0), largest, layer.real("threshold", 0.0))


def _leaky_relu(call: Call) -> Value:
    config = call.layer.config
    slope = number(config.get("negative_slope", config.get("alpha", 0.3)), "negative_slope")
    return call.build.like(real(call), LeakyRelu, alpha=slope)


def _prelu(call: Call) -> Value:
    (alpha,) = call.variables("alpha")
    return binary(call, Prelu, real(call), alpha)


def _elu(call: Call) -> Value:
    return _real("elu", call.layer.real("alpha", 1.0))(call, real(call))


def _softmax(call: Call) -> Value:
    return softmax(call, real(call), call.layer.config.get("axis", -1))


READERS: dict[str, Reader] = {
    "Activation": _activation,
    "ELU": _elu,
    "LeakyReLU": _leaky_relu,
    "PReLU": _prelu,
    "ReLU": _relu_layer,
    "Softmax": _softmax,
}
