"""Operators on one tensor, element by element: float32 and plain integers by a C expression, int16 by three kernels."""

import math
from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph, Op, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.formula import Formula, mathematical, plain
from aot.kernels.common.notes import SIGMOIDS
from aot.kernels.common.scaling import fast_scaling
from aot.kernels.common.work import per_element, per_function
from aot.ops.clip import Clip
from aot.ops.codes import has_codes
from aot.ops.common import Activation, clamp_range, float_ratio
from aot.ops.functions import Ceil, Cos, Elu, Exp, Floor, Gelu, Log, LogicalNot, Neg, Round, Sign, Sin, Square
from aot.ops.hard_swish import HardSwish
from aot.ops.real_functions import RealFunction
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh, input_scaling, sigmoid_table
from aot.ops.two_slopes import Abs, LeakyRelu
from aot.ops.unary import Tabulated, Unary

# For each operator, of x.
REAL: dict[str, Formula] = {
    "Abs": mathematical("fabsf(x)"),
    "Ceil": mathematical("ceilf(x)"),
    "Cos": mathematical("cosf(x)"),
    "Elu": mathematical("x < 0.0f ? expm1f(x) : x"),
    "Exp": mathematical("expf(x)"),
    "Floor": mathematical("floorf(x)"),
    "Gelu": mathematical("0.5f * x * erfcf(x * -0.70710677f)"),
    "Gelu approximate": mathematical("x / (1.0f + expf(-2.0f * (0.7978846f * (x + 0.044715f * x * x * x))))"),
    "HardSwish": plain(
        "float gate = x + 3.0f;",
        "gate = gate < 0.0f ? 0.0f : gate;",
        "gate = gate > 6.0f ? 6.0f : gate;",
        "x * gate / 6.0f",
    ),
    "LeakyRelu": plain("x > 0.0f ? x : x * p->alpha"),
    "Log": mathematical("logf(x)"),
    "Logistic": mathematical(
        "const float power = expf(x < -9.0f ? x : -x);",
        "x > 16.619047f ? 1.0f : x < -9.0f ? power : 1.0f / (1.0f + power)",
    ),
    "Neg": plain("-x"),
    "Relu": plain("x < 0.0f ? 0.0f : x"),
    "Relu0To1": plain("x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x"),
    "Relu6": plain("x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x"),
    "ReluN1To1": plain("x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x"),
    "Round": mathematical("rintf(x)"),
    "Rsqrt": mathematical("1.0f / sqrtf(x)"),
    "Sign": plain("x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f"),
    "Sin": mathematical("sinf(x)"),
    "Sqrt": mathematical("sqrtf(x)"),
    "Square": plain("x * x"),
    "Tanh": mathematical("tanhf(x)"),
}
# For each of the functions of RealFunction that the C library does not have.
_FUNCTIONS: dict[str, Formula] = {
    "celu": mathematical("x < 0.0f ? p->alpha * expm1f(x / p->alpha) : x"),
    "elu": mathematical("x < 0.0f ? p->alpha * expm1f(x) : x"),
    "hard_sigmoid": plain(
        "const float line = p->alpha * x + p->beta;", "line < 0.0f ? 0.0f : line > 1.0f ? 1.0f : line"
    ),
    "mish": mathematical(
        "const float root = expf(-0.5f * fabsf(x));",
        "const float power = root * root;",
        "const float falling = x * root * (root * (power + 2.0f) / (power * (power + 2.0f) + 2.0f));",
        "const float above = 1.0f + 2.0f * power;",
        "x < 0.0f ? falling : x * (above / (above + 2.0f * power * power))",
    ),
    "reciprocal": plain("1.0f / x"),
    "selu": mathematical("p->beta * (x < 0.0f ? p->alpha * expm1f(x) : x)"),
    "shrink": plain("x < -p->alpha ? x + p->beta : x > p->alpha ? x - p->beta : 0.0f"),
    "softplus": mathematical("(x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x)))"),
    "softsign": mathematical("x / (1.0f + fabsf(x))"),
    "swish": mathematical("x / (1.0f + expf(-(p->alpha * x)))"),
    "thresholded_relu": plain("x > p->alpha ? x : 0.0f"),
}
# The same for integers; the lowest one, which has no opposite, stays as it is.
_INTEGER: dict[tuple[str, str], Formula] = {
    ("Abs", "int32"): plain("x < 0 ? (int32_t)(0u - (uint32_t)x) : x"),
    ("LogicalNot", "bool"): plain("(uint8_t)(x == 0)"),
    ("Neg", "int16"): plain("(int16_t)-x"),
    ("Neg", "int32"): plain("(int32_t)(0u - (uint32_t)x)"),
    ("Neg", "int64"): plain("(int64_t)(0u - (uint64_t)x)"),
    ("Sign", "int32"): plain("(x > 0) - (x < 0)"),
    ("Sqrt", "int16"): mathematical(
        "const float root = x > 0 ? sqrtf(p->x_scale * (float)x) / p->y_scale : 0.0f;",
        "(int16_t)(root < 32767.0f ? root : 32767.0f)",
    ),
}


@dataclass(frozen=True)
class Count(Params):
    count: int


@dataclass(frozen=True)
class CountAlpha(Params):
    count: int
    alpha: float


@dataclass(frozen=True)
class CountLimits(Params):
    """Without a limit that is infinite."""

    count: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class CountParameters(Params):
    """Without those that the function does not have."""

    count: int
    alpha: float | None
    beta: float | None


@dataclass(frozen=True)
class CountScales(Params):
    count: int
    x_scale: float
    y_scale: float


@dataclass(frozen=True)
class SlopesS16(Params):
    count: int
    above_multiplier: int
    above_shift: int
    below_multiplier: int
    below_shift: int
    min: int
    max: int


@dataclass(frozen=True)
class InterpolateS16(Params):
    table: Constant
    count: int


@dataclass(frozen=True)
class SigmoidS16(Params):
    table: Constant
    count: int
    multiplier: int
    half: int
    shift: int


def _formula(op: Op, x: Tensor, rounding: str) -> Formula:
    """The result, of x."""
    if isinstance(op, Clip):
        return _limited(op, x, rounding)
    if isinstance(op, RealFunction):
        fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
        return _FUNCTIONS.get(op.function) or mathematical(f"{op.function}f(x)")
    name = "Gelu approximate" if isinstance(op, Gelu) and op.approximate else op.kind
    if x.dtype == "float32":
        return REAL[name]
    fit((name, x.dtype) in _INTEGER, f"%{x.name} is {x.dtype}")
    fit(not has_codes(x) or rounding in INTEGER_ROUNDINGS, f"the rounding is {rounding}")
    return _INTEGER[name, x.dtype]


def _limited(op: Clip, x: Tensor, rounding: str) -> Formula:
    low, high = (math.isfinite(limit) for limit in op.limits(x, rounding))
    text = f"{'x < p->low ? p->low : ' if low else ''}{'x > p->high ? p->high : ' if high else ''}x"
    return plain(text if x.dtype in ("float32", "int32") else f"({C_TYPES[x.dtype]})({text})")


def _params(op: Op, x: Tensor, y: Tensor, formula: Formula, rounding: str) -> Params:
    if isinstance(op, LeakyRelu):
        return CountAlpha(y.elements, float(op.alpha))
    if isinstance(op, Sqrt) and x.dtype == "int16":
        return CountScales(y.elements, x.scale, y.scale)
    if isinstance(op, Clip):
        limits = (limit if math.isfinite(limit) else None for limit in op.limits(y, rounding))
        return CountLimits(y.elements, *limits)
    if isinstance(op, RealFunction):
        text = " ".join(formula.lines)
        alpha, beta = (
            value if f"p->{name}" in text else None for name, value in (("alpha", op.alpha), ("beta", op.beta))
        )
        return CountParameters(y.elements, alpha, beta)
    return Count(y.elements)


def called(op: Op, params: Params) -> dict[str, object]:
    """The word for a function in a kernel's name, where its formula gives none."""
    if isinstance(params, CountParameters) and isinstance(op, RealFunction):
        alone = params.alpha is not None and params.beta is None
        return {"function": f"{op.function}_alpha" if alone else op.function}
    if isinstance(params, CountLimits):
        ends = [end for end, limit in (("low", params.low), ("high", params.high)) if limit is not None]
        return {"function": "_".join(["clip", *ends])}
    return {}


def unary(kernel: AnyKernel, op: Unary, graph: Graph, target: Target) -> Call:
    """float32 and plain integers."""
    x, y = op.operands(graph)
    formula = _formula(op, x, target.rounding)
    params = _params(op, x, y, formula, target.rounding)
    variant = {"type": C_TYPES[x.dtype], "out_type": C_TYPES[y.dtype], **called(op, params), **formula.printed}
    work = per_function(y.elements) if op.ulps(graph) else per_element(x.dtype, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, needs=formula.needs, in_place=(0,), work=work)


def slopes_s16(kernel: AnyKernel, op: Relu | Abs | LeakyRelu, graph: Graph, target: Target) -> Call:
    """int16: one scale below zero, another from there on, and limits."""
    x, y = op.operands(graph)
    fit(y.dtype == "int16", f"%{y.name} is {y.dtype}")
    scales = (float_ratio(x, y),) * 2 if isinstance(op, Relu) else op.slopes(x, y)
    below, above = (fast_scaling(s, target) for s in scales)
    limits = clamp_range(op.function if isinstance(op, Relu) else Activation.NONE, y)
    above_function = "" if isinstance(op, Abs) and x.scale == y.scale else above[2]
    below_function = below[2] if isinstance(op, LeakyRelu) else ""
    params = SlopesS16(y.elements, above[0], above[1], below[0], below[1], *limits)
    variant = {
        "magnitude": isinstance(op, Abs),
        "above_function": above_function,
        "below_function": below_function,
    }
    work = per_element(y.dtype, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, in_place=(0,), work=work)


def interpolate_s16(kernel: AnyKernel, op: Tabulated, graph: Graph, target: Target) -> Call:
    """int16: a table of 513 values, and straight lines between them."""
    x, y = op.operands(graph)
    fit(y.dtype == "int16", f"%{y.name} is {y.dtype}")
    table = Constant(f"{y.name}_table", op.table_s16(x, y), "The output for 513 codes, from -32768 on, 128 apart")
    params = InterpolateS16(table, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), in_place=(0,), work=per_element(y.dtype, y.elements))


def sigmoid_s16(kernel: AnyKernel, op: Logistic | Tanh, graph: Graph, target: Target) -> Call:
    """int16: the sigmoid and the hyperbolic tangent from one table."""
    x, y = op.operands(graph)
    fit(y.dtype == "int16", f"%{y.name} is {y.dtype}")
    multiplier, shift = input_scaling(x)
    table = Constant(f"{y.name}_table", np.asarray(sigmoid_table()), SIGMOIDS)
    params = SigmoidS16(table, y.elements, multiplier, (1 << shift) >> 1, shift)
    variant = {"function": "tanh" if isinstance(op, Tanh) else "sigmoid"}
    return Call(kernel, op, params, (x.name,), (y.name,), variant, in_place=(0,), work=per_element(y.dtype, y.elements))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("unary", "elementwise/unary", (Abs, Ceil, Clip, Cos, Elu, Exp, Floor, Gelu, HardSwish, LeakyRelu, Log,
           LogicalNot, Logistic, Neg, RealFunction, Relu, Relu0To1, Relu6, ReluN1To1, Round, Rsqrt, Sign, Sin, Sqrt,
           Square, Tanh), unary),
    Kernel("slopes_s16", "elementwise/slopes_s16", (Abs, LeakyRelu, Relu, Relu6), slopes_s16,
           roundings=INTEGER_ROUNDINGS),
    Kernel("interpolate_s16", "elementwise/interpolate_s16", (Exp, Gelu, Log, Rsqrt), interpolate_s16,
           roundings=INTEGER_ROUNDINGS),
    Kernel("sigmoid_s16", "elementwise/sigmoid_s16", (Logistic, Tanh), sigmoid_s16, roundings=INTEGER_ROUNDINGS),
)  # fmt: skip
