"""Operators element by element. They take their operands in whatever order these lie in."""

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
from aot.ops.common import require
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorMod
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin
from aot.ops.hard_swish import HardSwish
from aot.ops.mul import Mul
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
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
    """Bounds are inputs since opset 11."""
    low, high = _bound(call, 1, "min"), _bound(call, 2, "max")
    known: dict[tuple[float | None, float | None], type[Op]] = {
        (0.0, None): Relu,
        (0.0, 6.0): Relu6,
        (0.0, 1.0): Relu0To1,
    }
    x, build = call.input(0), call.build
    if x.dtype == "float32" and (low, high) in known:
        return build.like(x, known[low, high])
    y = x
    if low is not None:
        y = build.like(y, Maximum, (build.number(low, x.dtype),))
    if high is not None:
        y = build.like(y, Minimum, (build.number(high, x.dtype),))
    return y


def _bound(call: Call, index: int, name: str) -> float | None:
    if call.has(index):
        bound: float = call.known(index, name).reshape(()).item()
    elif name in call.node.attributes:
        bound = call.node.real(name, 0.0)
    else:
        return None
    return None if abs(bound) >= np.finfo(np.float32).max else bound


def _hard_sigmoid(call: Call) -> Value:
    alpha, beta = call.node.real("alpha", 0.2), call.node.real("beta", 0.5)
    build = call.build
    line = build.like(scaled(call, call.input(0), alpha), Add, (build.number(beta),))
    return build.like(line, Relu0To1)


def _elu(call: Call) -> Value:
    """alpha * (exp(x) - 1) below zero."""
    alpha, x = call.node.real("alpha", 1.0), call.input(0)
    if alpha == 1.0:
        return call.build.like(x, Elu)
    return _two_parts(call, x, alpha, 1.0)


def _two_parts(call: Call, x: Value, below: float, above: float) -> Value:
    """above * max(x, 0) + below * (exp(min(x, 0)) - 1)."""
    build = call.build
    curve = build.like(build.like(x, Minimum, (build.number(0.0),)), Elu)
    line = build.like(x, Relu)
    return binary(call, Add, scaled(call, line, above), scaled(call, curve, below))


def _selu(call: Call) -> Value:
    alpha, gamma = call.node.real("alpha", _SELU[0]), call.node.real("gamma", _SELU[1])
    return _two_parts(call, call.input(0), alpha * gamma, gamma)


def _swish(call: Call) -> Value:
    """x * sigmoid(alpha * x)."""
    x = call.input(0)
    gate = call.build.like(scaled(call, x, call.node.real("alpha", 1.0)), Logistic)
    return binary(call, Mul, x, gate)


def _reciprocal(call: Call) -> Value:
    x = call.input(0)
    one = call.build.constant(np.ones((), np.float32), "one")
    return binary(call, Div, one, x)


def _softsign(call: Call) -> Value:
    """x / (1 + |x|)."""
    x, build = call.input(0), call.build
    below = build.like(build.like(x, Abs), Add, (build.number(1.0),))
    return binary(call, Div, x, below)


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
    require(not call.node.flag("fmod"), "fmod=1")
    return binary(call, FloorMod, call.input(0), call.input(1))


READERS: dict[str, Reader] = {
    "Abs": _unary(Abs),
    "Add": _shifted,
    "And": _binary(LogicalAnd),
    "Cast": _cast,
    "Ceil": _unary(Ceil),
    "Clip": _clip,
    "Cos": _unary(Cos),
    "Div": _binary(Div),
    "Elu": _elu,
    "Equal": _binary(Equal, "bool"),
    "Exp": _unary(Exp),
    "Floor": _unary(Floor),
    "Gelu": _gelu,
    "Greater": _binary(Greater, "bool"),
    "GreaterOrEqual": _binary(GreaterEqual, "bool"),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _unary(HardSwish),
    "LeakyRelu": _leaky_relu,
    "Less": _binary(Less, "bool"),
    "LessOrEqual": _binary(LessEqual, "bool"),
    "Log": _unary(Log),
    "Max": _several(Maximum),
    "Mean": _mean,
    "Min": _several(Minimum),
    "Mod": _mod,
    "Mul": _stretched,
    "Neg": _unary(Neg),
    "Not": _unary(LogicalNot),
    "Or": _binary(LogicalOr),
    "PRelu": _prelu,
    "Pow": _binary(Pow),
    "Reciprocal": _reciprocal,
    "Relu": _unary(Relu),
    "Round": _unary(Round),
    "Selu": _selu,
    "Sigmoid": _unary(Logistic),
    "Sign": _unary(Sign),
    "Sin": _unary(Sin),
    "Softsign": _softsign,
    "Sqrt": _unary(Sqrt),
    "Sub": _binary(Sub),
    "Sum": _several(Add),
    "Swish": _swish,
    "Tanh": _unary(Tanh),
    "Where": _where,
    "Xor": _binary(NotEqual, "bool"),
}
