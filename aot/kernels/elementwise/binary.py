"""Operators on two tensors with broadcasting: a C expression of float32 or plain integers, and quantized products."""

from dataclasses import dataclass

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.formula import Formula, mathematical, plain
from aot.kernels.common.loops import broadcast_strides, merge
from aot.kernels.common.output import Output, fixed_output
from aot.kernels.common.work import per_element, per_function
from aot.ops.add import Add, Sub
from aot.ops.binary import Binary, LogicalAnd, LogicalOr, Maximum, Minimum
from aot.ops.common import QUANTIZED_TYPES, clamp_range
from aot.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from aot.ops.division import Div, FloorDiv, FloorMod
from aot.ops.mul import Mul, mul_scale
from aot.ops.pow import Pow
from aot.ops.prelu import Prelu
from aot.ops.reals import real_range
from aot.ops.squared_difference import SquaredDifference

Loops = tuple[tuple[int, ...], ...]

# The result for x of a and y of b: of any type, ...
RESULTS = {
    "Equal": "(uint8_t)(x == y)",
    "Greater": "(uint8_t)(x > y)",
    "GreaterEqual": "(uint8_t)(x >= y)",
    "Less": "(uint8_t)(x < y)",
    "LessEqual": "(uint8_t)(x <= y)",
    "LogicalAnd": "(uint8_t)(x & y)",
    "LogicalOr": "(uint8_t)(x | y)",
    "Maximum": "x > y ? x : y",
    "Minimum": "x < y ? x : y",
    "NotEqual": "(uint8_t)(x != y)",
}
# ... where integers wrap, as unsigned ones do, ...
WRAPPING = {
    "Add": "{x} + {y}",
    "Mul": "{x} * {y}",
    "Sub": "{x} - {y}",
    "SquaredDifference": "({x} - {y}) * ({x} - {y})",
}
# ... and where reals and integers differ; what is printed of integers depends on their type.
_REAL = {
    "Div": plain("x / y"),
    "FloorDiv": mathematical("(float)floor((double)x / (double)y)"),
    "FloorMod": mathematical(
        "const float rest = fmodf(x, y);",
        "rest != 0.0f && (rest < 0.0f) != (y < 0.0f) ? rest + y : rest",
    ),
    "Pow": mathematical("powf(x, y)"),
    "Prelu": plain("x >= 0.0f ? x : x * y"),
}
# What C leaves open comes first. The outer conversion is for compilers that check overflows, and forget the inner ones.
_QUOTIENT = "({type})(y == 0 ? 0 : y == -1 ? ({type})(0u - ({unsigned})x) : ({type})(x / y))"
_REST = "const {type} rest = ({type})(y == 0 || y == -1 ? 0 : x % y);"
_INTEGER = {
    "Div": (_QUOTIENT,),
    "FloorDiv": (
        f"const {{type}} quotient = {_QUOTIENT};",
        _REST,
        "rest != 0 && (rest < 0) != (y < 0) ? ({type})(quotient - 1) : quotient",
    ),
    "FloorMod": (_REST, "rest != 0 && (rest < 0) != (y < 0) ? ({type})(rest + y) : rest"),
    "Pow": (
        "uint32_t power = 1;",
        "uint32_t base = (uint32_t)x;",
        "for (int32_t rest = y; rest > 0; rest >>= 1, base *= base) {{",
        "    power *= rest & 1 ? base : 1;",
        "}}",
        "(int32_t)power",
    ),
}


@dataclass(frozen=True)
class Pair(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]


@dataclass(frozen=True)
class Product(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    b_zero: int
    output: Output


def pair_loops(a: Tensor, b: Tensor, y: Tensor) -> tuple[Loops, tuple[int, ...]]:
    """Sizes and both strides of the merged loops; and the inputs whose memory the output may take over."""
    loops = merge(y.shape, broadcast_strides(a, y.shape), broadcast_strides(b, y.shape))
    fits = (operand.elements == y.elements and operand.bytes == y.bytes for operand in (a, b))
    return loops, tuple(i for i, may in enumerate(fits) if may)


def formula_of(kind: str, dtype: str) -> Formula:
    """The result for x and y."""
    if kind in RESULTS:
        return plain(RESULTS[kind])
    if dtype == "float32":
        return _REAL.get(kind) or plain(WRAPPING[kind].format(x="x", y="y"))
    c_type, unsigned = C_TYPES[dtype], f"u{C_TYPES[dtype]}"
    if kind in _INTEGER:
        return plain(*(line.format(type=c_type, unsigned=unsigned) for line in _INTEGER[kind]))
    return plain(f"({c_type})({WRAPPING[kind].format(x=f'({unsigned})x', y=f'({unsigned})y')})")


def _literal(value: float) -> str:
    return f"{value!r}f" if abs(value) < 1e9 else f"{value:.8g}f"


def limits_of(op: Binary, dtype: str) -> tuple[str | None, str | None]:
    """The least and the largest result as C text, where they are not those of the type."""
    real = dtype == "float32"
    low, high = real_range(op.fused()) if isinstance(op, Div) and real else op.fused().value
    texts = [None if v is None else _literal(v) if real else str(int(v)) for v in (low, high)]
    return texts[0], texts[1]


def binary(kernel: AnyKernel, op: Binary, graph: Graph, target: Target) -> Call:
    """float32, plain integers, and codes that are only compared."""
    a, b, y = op.operands(graph)
    fit(op.plain(a, b, y), f"%{a.name} is {a.dtype}")
    loops, in_place = pair_loops(a, b, y)
    low, high = limits_of(op, y.dtype)
    formula = formula_of(op.kind, a.dtype)
    variant = {
        "rank": len(loops[0]),
        "type": C_TYPES[a.dtype],
        "out_type": C_TYPES[y.dtype],
        **formula.printed,
        "min": low,
        "max": high,
    }
    return Call(
        kernel,
        op,
        Pair(*loops),
        (a.name, b.name),
        (y.name,),
        variant,
        needs=formula.needs,
        in_place=in_place,
        work=per_function(y.elements) if op.ulps(graph) else per_element(a.dtype, y.elements),
    )


def product(kernel: AnyKernel, op: Mul, graph: Graph, target: Target) -> Call:
    """Products of int8 and int16."""
    a, b, y = op.operands(graph)
    fit(y.dtype in QUANTIZED_TYPES, f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    scale = Multiplier.of(mul_scale(a, b, y), target.rounding)
    output = fixed_output(scale, y, clamp_range(op.activation, y), target)
    params = Product(size, a_stride, b_stride, a.zero_point, b.zero_point, output)
    variant = {"rank": len(size), "type": C_TYPES[y.dtype], "stage": output.stage}
    work = per_element(y.dtype, y.elements)
    return Call(kernel, op, params, (a.name, b.name), (y.name,), variant, in_place=in_place, work=work)


_ARITHMETIC = (Add, Div, FloorDiv, FloorMod, Maximum, Minimum, Mul, Pow, Prelu, SquaredDifference, Sub)
_COMPARISONS = (Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual)

KERNELS: tuple[AnyKernel, ...] = (
    Kernel("binary", "elementwise/binary", (*_ARITHMETIC, *_COMPARISONS, LogicalAnd, LogicalOr), binary),
    Kernel("product", "elementwise/product", (Mul,), product, roundings=INTEGER_ROUNDINGS),
)
