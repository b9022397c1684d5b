"""Rounding `onnx`: functions of one and of two tensors of codes, by the C expressions of float32."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Graph, Op, Tensor
from aot.kernels.call import IN_REALS, AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.formula import Formula, plain
from aot.kernels.common.order import picked
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.binary import formula_of, limits_of, pair_loops
from aot.kernels.elementwise.unary import REAL
from aot.ops.add import Add, Sub, joined_sum
from aot.ops.binary import Binary
from aot.ops.codes import has_codes
from aot.ops.common import clamp_range
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div
from aot.ops.functions import Neg
from aot.ops.mul import Mul, mul_scale
from aot.ops.prelu import Prelu
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu, Relu6
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.squared_difference import SquaredDifference
from aot.ops.two_slopes import Abs, LeakyRelu

# What `unary` leaves to C libraries, which differ.
_EVERYWHERE = {
    "Logistic": Formula(("sigmoid_f32(x)",), ("sigmoid_f32",)),
    "Quantize": plain("x"),
    "Tanh": Formula(("tanh_f32(x)",), ("tanh_f32",)),
}


@dataclass(frozen=True)
class UnaryCodes(Params):
    """`low` and `high` are the least and the largest code, in steps from the zero point."""

    count: int
    x_scale: float
    x_zero: int
    alpha: float | None
    y_scale: float
    y_zero: int
    low: float
    high: float


@dataclass(frozen=True)
class BinaryCodes(Params):
    """The same of two tensors; what is said of codes of the result is left out where that has none."""

    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_scale: float
    a_zero: int
    b_scale: float
    b_zero: int
    y_scale: float | None
    y_zero: int | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class JoinedS8(Params):
    """Scales are in steps of the output, of a product in `a_scale`; `zero` is what is added, in codes of it."""

    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int | None
    b_zero: int | None
    a_scale: float
    b_scale: float | None
    zero: float
    low: float
    high: float


def _codes_of(y: Tensor) -> tuple[float, int, float, float]:
    """Scale and zero point, and the ends of the type in steps from there."""
    info = np.iinfo(y.dtype)
    return y.scale, y.zero_point, float(info.min - y.zero_point), float(info.max - y.zero_point)


def unary_codes(kernel: AnyKernel, op: Op, graph: Graph, target: Target) -> Call:
    """From codes to codes, whatever their types."""
    x, y = graph[op.inputs[0]], graph[op.outputs[0]]
    fit(x.quant is not None, f"%{x.name} is {x.dtype}")
    fit(y.dtype != "int32", f"%{y.name} is int32")
    formula = _EVERYWHERE.get(op.kind) or REAL[op.kind]
    alpha = float(op.alpha) if isinstance(op, LeakyRelu) else None
    params = UnaryCodes(y.elements, x.scale, x.zero_point, alpha, *_codes_of(y))
    variant = {"type": C_TYPES[x.dtype], "out_type": C_TYPES[y.dtype], **formula.printed}
    return Call(
        kernel,
        op,
        params,
        (x.name,),
        (y.name,),
        variant,
        needs=formula.needs,
        overlaps={0: picked(x, y, np.arange(y.elements))},
        work=per_element("float32", y.elements),
    )


def binary_codes(kernel: AnyKernel, op: Binary, graph: Graph, target: Target) -> Call:
    """Codes of one type, to codes or to booleans."""
    a, b, y = op.operands(graph)
    fit(has_codes(a), f"%{a.name} is {a.dtype}")
    fit(not _is_joined(op, y), "onnxruntime joins it with its conversions")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    coded = has_codes(y)
    formula = formula_of(op.kind, "float32")
    of_y = _codes_of(y) if coded else (None, None, None, None)
    low, high = limits_of(op, "float32") if coded else (None, None)
    variant = {
        "rank": len(size),
        "type": C_TYPES[a.dtype],
        "out_type": C_TYPES[y.dtype],
        "coded": coded,
        **formula.printed,
        "min": low,
        "max": high,
    }
    return Call(
        kernel,
        op,
        BinaryCodes(size, a_stride, b_stride, a.scale, a.zero_point, b.scale, b.zero_point, *of_y),
        (a.name, b.name),
        (y.name,),
        variant,
        needs=formula.needs,
        in_place=in_place,
        work=per_element("float32", y.elements),
    )


def joined_s8(kernel: AnyKernel, op: Add | Mul, graph: Graph, target: Target) -> Call:
    """Sums and products of int8 as onnxruntime's QLinearAdd and QLinearMul have them."""
    a, b, y = op.operands(graph)
    fit(_is_joined(op, y), f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    low, high = (float(limit) for limit in clamp_range(op.activation, y, target.rounding))
    loops = size, a_stride, b_stride
    if product := isinstance(op, Mul):
        scale = mul_scale(a, b, y)
        params = JoinedS8(*loops, a.zero_point, b.zero_point, scale, None, float(y.zero_point), low, high)
    else:
        of_a, of_b, zero = (float(number) for number in joined_sum(a, b, y))
        params = JoinedS8(*loops, None, None, of_a, of_b, zero, low, high)
    variant = {"rank": len(size), "product": product}
    work = per_element("float32", y.elements)
    return Call(kernel, op, params, (a.name, b.name), (y.name,), variant, in_place=in_place, work=work)


def _is_joined(op: Op, y: Tensor) -> bool:
    return y.dtype == "int8" and (isinstance(op, Mul) or (isinstance(op, Add) and op.joined))


_BINARY = (Add, Div, Equal, Greater, GreaterEqual, Less, LessEqual, Mul, NotEqual, Prelu, SquaredDifference, Sub)

KERNELS: tuple[AnyKernel, ...] = (
    Kernel("unary_codes", "elementwise/unary_codes", (Abs, LeakyRelu, Logistic, Neg, Quantize, Relu, Relu6, Rsqrt, Sqrt,
           Tanh), unary_codes, roundings=IN_REALS),
    Kernel("joined_s8", "elementwise/joined_s8", (Add, Mul), joined_s8, roundings=IN_REALS),
    Kernel("binary_codes", "elementwise/binary_codes", _BINARY, binary_codes, roundings=IN_REALS),
)  # fmt: skip
