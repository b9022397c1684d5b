"""Operations element by element."""

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import aligned, binary
from aot.frontends.keras.description import number
from aot.frontends.keras.layers.common import as_real, real
from aot.frontends.keras.operations.operands import alike, keyword, operand, pair
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Op, Unsupported
from aot.ops.add import Add, Sub
from aot.ops.binary import LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.cast import Cast
from aot.ops.clip import Clip
from aot.ops.common import require
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorDiv, FloorMod
from aot.ops.functions import Ceil, Cos, Exp, Floor, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.mul import Mul
from aot.ops.pow import Pow
from aot.ops.real_functions import RealFunction
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.select import SelectV2
from aot.ops.sigmoid import Tanh
from aot.ops.two_slopes import Abs

_TYPES = {
    **dict.fromkeys(("float16", "bfloat16", "float32", "float64"), "float32"),
    **{name: name for name in ("bool", "int8", "uint8", "int16", "int32", "int64")},
}


def _binary(kind: type[Op], dtype: str = "") -> Reader:
    return lambda call: binary(call, kind, *pair(call), dtype)


def _quotient(call: Call) -> Value:
    a, b = pair(call)
    return binary(call, Div, as_real(call, a), as_real(call, b))


def _unary(kind: type[Op]) -> Reader:
    return lambda call: call.build.like(real(call), kind)


def _real(function: str) -> Reader:
    return lambda call: call.build.like(real(call), RealFunction, function=function)


def _logical(kind: type[Op]) -> Reader:
    def read(call: Call) -> Value:
        a, b = operand(call, 0, "x1"), operand(call, 1, "x2")
        require(a.dtype == b.dtype == "bool", "operands that are not true or false")
        return binary(call, kind, a, b)

    return read


def _not(call: Call) -> Value:
    x = call.input()
    require(x.dtype == "bool", "an operand that is not true or false")
    return call.build.like(x, LogicalNot)


def _where(call: Call) -> Value:
    condition = operand(call, 0, "condition")
    require(condition.dtype == "bool", "a condition that is not true or false")
    a, b = alike(call, operand(call, 1, "x1"), operand(call, 2, "x2"))
    names, shape, order = aligned(call, (condition, a, b))
    return call.build.emit(SelectV2, names, shape, a.dtype, order)


def _clip(call: Call) -> Value:
    low, high = (number(keyword(call, name), name) for name in ("x_min", "x_max"))
    return call.build.like(real(call), Clip, low=low, high=high)


def _cast(call: Call) -> Value:
    x, wanted = call.input(), _TYPES.get(str(keyword(call, "dtype")))
    if wanted is None:
        raise Unsupported(f"the type {str(keyword(call, 'dtype'))[:40]}")
    return x if x.dtype == wanted else call.build.like(x, Cast, dtype=wanted)


def _round(call: Call) -> Value:
    require(not keyword(call, "decimals", 0), "decimals")
    return call.build.like(real(call), Round)


def _power(call: Call) -> Value:
    a, b = pair(call)
    if b.constant and b.elements == 1 and float(b.array.reshape(())) == 2.0:
        return call.build.like(as_real(call, a), Square)
    return binary(call, Pow, as_real(call, a), as_real(call, b))


def _log_of_more(call: Call) -> Value:
    """log(1 + x)."""
    return call.build.like(binary(call, Add, real(call), call.build.constant(np.ones((), np.float32), "one")), Log)


def _exp_less_one(call: Call) -> Value:
    return binary(call, Sub, call.build.like(real(call), Exp), call.build.constant(np.ones((), np.float32), "one"))


def _filled(value: float) -> Reader:
    def read(call: Call) -> Value:
        x = call.input()
        return call.constant(np.full(x.shape, value, x.dtype), "constant")

    return read


OPERATIONS: dict[str, Reader] = {
    "Abs": _unary(Abs),
    "Absolute": _unary(Abs),
    "Add": _binary(Add),
    "Arccos": _real("acos"),
    "Arccosh": _real("acosh"),
    "Arcsin": _real("asin"),
    "Arcsinh": _real("asinh"),
    "Arctan": _real("atan"),
    "Arctanh": _real("atanh"),
    "Cast": _cast,
    "Ceil": _unary(Ceil),
    "Clip": _clip,
    "Cos": _unary(Cos),
    "Cosh": _real("cosh"),
    "Divide": _quotient,
    "Equal": _binary(Equal, "bool"),
    "Erf": _real("erf"),
    "Exp": _unary(Exp),
    "Expm1": _exp_less_one,
    "Floor": _unary(Floor),
    "FloorDivide": _binary(FloorDiv),
    "Greater": _binary(Greater, "bool"),
    "GreaterEqual": _binary(GreaterEqual, "bool"),
    "Less": _binary(Less, "bool"),
    "LessEqual": _binary(LessEqual, "bool"),
    "Log": _unary(Log),
    "Log1p": _log_of_more,
    "LogicalAnd": _logical(LogicalAnd),
    "LogicalNot": _not,
    "LogicalOr": _logical(LogicalOr),
    "Maximum": _binary(Maximum),
    "Minimum": _binary(Minimum),
    "Mod": _binary(FloorMod),
    "Multiply": _binary(Mul),
    "Negative": _unary(Neg),
    "NotEqual": _binary(NotEqual, "bool"),
    "OnesLike": _filled(1),
    "Power": _power,
    "Reciprocal": _real("reciprocal"),
    "Round": _round,
    "Rsqrt": _unary(Rsqrt),
    "Sign": _unary(Sign),
    "Sin": _unary(Sin),
    "Sinh": _real("sinh"),
    "Sqrt": _unary(Sqrt),
    "Square": _unary(Square),
    "StopGradient": lambda call: call.input(),
    "Subtract": _binary(Sub),
    "Tan": _real("tan"),
    "Tanh": _unary(Tanh),
    "TrueDivide": _quotient,
    "Where": _where,
    "ZerosLike": _filled(0),
}
