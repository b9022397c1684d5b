"""Operators element by element. They take their operands in whatever order these lie in."""

import math
from collections.abc import Callable
from functools import partial, reduce

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import aligned, binary, scaled
from aot.frontends.building.layers import folded
from aot.frontends.onnx.file import TYPES
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Array, Op
from aot.ops.add import Add, Sub
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.cast import Cast
from aot.ops.clip import Clip
from aot.ops.common import require
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorMod
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin
from aot.ops.hard_swish import HardSwish
from aot.ops.mul import Mul
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.real_functions import RealFunction
from aot.ops.relu import Relu, Relu0To1, Relu6
from aot.ops.roots import Sqrt
from aot.ops.select import SelectV2
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.two_slopes import Abs, LeakyRelu

_SELU = (1.67326319217681884765625, 1.05070102214813232421875)  # alpha and gamma of the standard


def _shifted(call: Call) -> Value:
    """A sum; where one operand is a constant for each channel of a layer, it becomes the layer's bias."""
    return _into_layer(call, lambda c: (np.ones(1, np.float32), c)) or binary(call, Add, call.input(0), call.input(1))


def _stretched(call: Call) -> Value:
    """A product; where one operand is a constant for each channel of a layer, its weights are multiplied."""
    return _into_layer(call, lambda c: (c, np.zeros(1, np.float32))) or binary(call, Mul, call.input(0), call.input(1))


def _into_layer(call: Call, parts: Callable[[Array], tuple[Array, Array]]) -> Value | None:
    """The layer before with a constant operand folded in as factor and offset; None where there is none to fold."""
    values = call.input(0), call.input(1)
    for i, (x, c) in enumerate((values, values[::-1])):
        if c.constant and not x.constant and call.alone(i) and (axis := _channel_axis(x, c)) is not None:
            return folded(call.build, x, axis, *parts(c.array))
    return None


def _channel_axis(x: Value, constant: Value) -> int | None:
    """The axis of `x` that a constant has a number for each position of; any one if it is but one number."""
    if constant.rank > x.rank:
        return None
    if constant.elements == 1:
        order = [a for a in x.natural_order() if x.shape[a] != 1]
        return order[-1] if order else None
    axes = [a + x.rank - constant.rank for a, e in enumerate(constant.shape) if e != 1]
    return axes[0] if len(axes) == 1 else None


def _binary(kind: type[Op], dtype: str = "") -> Reader:
    return lambda call: binary(call, kind, call.input(0), call.input(1), dtype)


def _unary(kind: type[Op]) -> Reader:
    return lambda call: call.build.like(call.input(0), kind)


def _several(kind: type[Op]) -> Reader:
    """An operator of any number of operands."""
    return lambda call: _joined(call, kind)


def _joined(call: Call, kind: type[Op]) -> Value:
    return reduce(partial(binary, call, kind), [call.input(i) for i in range(len(call.inputs))])


def _mean(call: Call) -> Value:
    return scaled(call, _joined(call, Add), 1 / len(call.inputs))


def _clip(call: Call) -> Value:
    """Bounds are inputs since opset 11, which may be computed; those of codes are codes."""
    x, build = call.input(0), call.build
    if x.dtype not in ("float32", "int32") or any(call.has(i) and not call.input(i).constant for i in (1, 2)):
        y = binary(call, Maximum, x, call.input(1)) if call.has(1) else x
        return binary(call, Minimum, y, call.input(2)) if call.has(2) else y
    low, high = _bound(call, 1, "min", -math.inf), _bound(call, 2, "max", math.inf)
    known: dict[tuple[float, float], type[Op]] = {(0.0, math.inf): Relu, (0.0, 6.0): Relu6, (0.0, 1.0): Relu0To1}
    if x.dtype == "float32" and (low, high) in known:
        return build.like(x, known[low, high])
    return x if (low, high) == (-math.inf, math.inf) else build.like(x, Clip, low=low, high=high)


def _bound(call: Call, index: int, name: str, none: float) -> float:
    """A bound; the largest numbers of a type are none."""
    if call.has(index):
        bound: float = call.known(index, name).reshape(()).item()
    else:
        bound = call.node.real(name, none)
    return none if abs(bound) >= np.finfo(np.float32).max else bound


def _function(
    name: str, alpha: tuple[str, float] = ("", 0.0), beta: tuple[str, float] = ("", 0.0)
) -> Callable[[Call], Value]:
    """A function of one real number, with the attributes that are its parameters and their defaults."""

    def read(call: Call) -> Value:
        first, second = call.node.real(*alpha), call.node.real(*beta)
        return call.build.like(call.input(0), RealFunction, function=name, alpha=first, beta=second)

    return read


def _elu(call: Call) -> Value:
    """TensorFlow Lite has the one whose alpha is 1."""
    alpha = call.node.real("alpha", 1.0)
    return call.build.like(call.input(0), Elu) if alpha == 1.0 else _function("elu", ("alpha", 1.0))(call)


def _is_nan(call: Call) -> Value:
    """Nothing else differs from itself."""
    return binary(call, NotEqual, call.input(0), call.input(0), "bool")


def _is_inf(call: Call) -> Value:
    x, build = call.input(0), call.build
    below, above = call.node.flag("detect_negative", True), call.node.flag("detect_positive", True)
    require(below or above, "neither infinity")
    limit = build.number(math.inf if above else -math.inf)
    return build.like(build.like(x, Abs) if below and above else x, Equal, (limit,), dtype="bool")


def _leaky_relu(call: Call) -> Value:
    return call.build.like(call.input(0), LeakyRelu, alpha=call.node.real("alpha", 0.01))


def _gelu(call: Call) -> Value:
    return call.build.like(call.input(0), Gelu, approximate=call.node.text("approximate", "none") == "tanh")


def _prelu(call: Call) -> Value:
    return binary(call, Prelu, call.input(0), call.input(1))


def _where(call: Call) -> Value:
    names, shape, order = aligned(call, [call.input(i) for i in range(3)])
    return call.build.emit(SelectV2, names, shape, call.input(1).dtype, order)


def _cast(call: Call) -> Value:
    x, target = call.input(0), TYPES.get(call.node.integer("to", 0))
    require(target is not None, "a type that aot does not support")
    assert target is not None
    wanted = "float32" if target.startswith("float") else target
    return x if wanted == x.dtype else call.build.like(x, Cast, dtype=wanted)


def _mod(call: Call) -> Value:
    """With `fmod` the result has the sign of the dividend, otherwise that of the divisor."""
    a, b, build = call.input(0), call.input(1), call.build
    if not call.node.flag("fmod"):
        return binary(call, FloorMod, a, b)
    return binary(call, Mul, build.like(a, Sign), binary(call, FloorMod, build.like(a, Abs), build.like(b, Abs)))


def _pow(call: Call) -> Value:
    """The result is of the base's type."""
    a, b, build = call.input(0), call.input(1), call.build
    if a.dtype == b.dtype:
        return binary(call, Pow, a, b)
    base, exponent = (v if v.dtype == "float32" else build.like(v, Cast, dtype="float32") for v in (a, b))
    real = binary(call, Pow, base, exponent)
    return real if a.dtype == "float32" else build.like(real, Cast, dtype=a.dtype)


READERS: dict[str, Reader] = {
    "Abs": _unary(Abs),
    "Acos": _function("acos"),
    "Acosh": _function("acosh"),
    "Add": _shifted,
    "And": _binary(LogicalAnd),
    "Asin": _function("asin"),
    "Asinh": _function("asinh"),
    "Atan": _function("atan"),
    "Atanh": _function("atanh"),
    "Cast": _cast,
    "Ceil": _unary(Ceil),
    "Celu": _function("celu", ("alpha", 1.0)),
    "Clip": _clip,
    "Cos": _unary(Cos),
    "Cosh": _function("cosh"),
    "Div": _binary(Div),
    "Elu": _elu,
    "Equal": _binary(Equal, "bool"),
    "Erf": _function("erf"),
    "Exp": _unary(Exp),
    "Floor": _unary(Floor),
    "Gelu": _gelu,
    "Greater": _binary(Greater, "bool"),
    "GreaterOrEqual": _binary(GreaterEqual, "bool"),
    "HardSigmoid": _function("hard_sigmoid", ("alpha", 0.2), ("beta", 0.5)),
    "HardSwish": _unary(HardSwish),
    "IsInf": _is_inf,
    "IsNaN": _is_nan,
    "LeakyRelu": _leaky_relu,
    "Less": _binary(Less, "bool"),
    "LessOrEqual": _binary(LessEqual, "bool"),
    "Log": _unary(Log),
    "Max": _several(Maximum),
    "Mean": _mean,
    "Min": _several(Minimum),
    "Mish": _function("mish"),
    "Mod": _mod,
    "Mul": _stretched,
    "Neg": _unary(Neg),
    "Not": _unary(LogicalNot),
    "Or": _binary(LogicalOr),
    "Pow": _pow,
    "PRelu": _prelu,
    "Reciprocal": _function("reciprocal"),
    "Relu": _unary(Relu),
    "Round": _unary(Round),
    "Selu": _function("selu", ("alpha", _SELU[0]), ("gamma", _SELU[1])),
    "Shrink": _function("shrink", ("lambd", 0.5), ("bias", 0.0)),
    "Sigmoid": _unary(Logistic),
    "Sign": _unary(Sign),
    "Sin": _unary(Sin),
    "Sinh": _function("sinh"),
    "Softplus": _function("softplus"),
    "Softsign": _function("softsign"),
    "Sqrt": _unary(Sqrt),
    "Sub": _binary(Sub),
    "Sum": _several(Add),
    "Swish": _function("swish", ("alpha", 1.0)),
    "Tan": _function("tan"),
    "Tanh": _unary(Tanh),
    "ThresholdedRelu": _function("thresholded_relu", ("alpha", 1.0)),
    "Where": _where,
    "Xor": _binary(NotEqual, "bool"),
}
