"""Operators on two tensors with broadcasting: a C expression of float32 or plain integers, and the int8 product."""

from dataclasses import dataclass

from aot.fixedpoint import Multiplier
from aot.interface import C_TYPES
from aot.ir import Graph, Op, Tensor
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.loops import broadcast_strides, merge
from aot.kernels.output import TensorOutput, fixed_output
from aot.ops.add import Add
from aot.ops.binary import Binary, Div
from aot.ops.common import clamp_range
from aot.ops.mul import Mul, mul_scale

Loops = tuple[tuple[int, ...], ...]
_CYCLES_PLAIN, _CYCLES_INT8 = 8.0, 14.0

# The result for x of a and y of b. Integers wrap as unsigned ones do.
_RESULTS = {
    "Div": "x / y",
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
_WRAPPING = {
    "Add": "{x} + {y}",
    "Mul": "{x} * {y}",
    "Sub": "{x} - {y}",
    "SquaredDifference": "({x} - {y}) * ({x} - {y})",
}


@dataclass(frozen=True)
class Pair(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]


@dataclass(frozen=True)
class MulS8(Params):
    size: tuple[int, ...]
    a_stride: tuple[int, ...]
    b_stride: tuple[int, ...]
    a_zero: int
    b_zero: int
    output: TensorOutput


def pair_loops(a: Tensor, b: Tensor, y: Tensor) -> tuple[Loops, tuple[int, ...]]:
    """Sizes and both strides of the merged loops; and the inputs whose memory the output may take over."""
    loops = merge(y.shape, broadcast_strides(a, y.shape), broadcast_strides(b, y.shape))
    fits = (operand.elements == y.elements and operand.bytes == y.bytes for operand in (a, b))
    return loops, tuple(i for i, may in enumerate(fits) if may)


def _result(kind: str, dtype: str) -> str:
    if kind in _RESULTS:
        return _RESULTS[kind]
    if dtype == "float32":
        return _WRAPPING[kind].format(x="x", y="y")
    unsigned = {name: f"(u{C_TYPES[dtype]}){name}" for name in "xy"}
    return f"({C_TYPES[dtype]})({_WRAPPING[kind].format(**unsigned)})"


def _literal(value: float) -> str:
    return f"{value!r}f" if abs(value) < 1e9 else f"{value:.8g}f"


def _limits(op: Op, dtype: str) -> tuple[str | None, str | None]:
    """The least and the largest result as C text, where they are not those of the type."""
    low, high = (
        op.limits() if isinstance(op, Div) else op.activation.value if isinstance(op, Add | Mul) else (None, None)
    )
    texts = [None if v is None else _literal(v) if dtype == "float32" else str(int(v)) for v in (low, high)]
    return texts[0], texts[1]


def binary(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32, plain integers, and codes that are only compared."""
    assert isinstance(op, Add | Mul | Binary)
    a, b, y = op.operands(graph)
    fit(isinstance(op, Binary) or y.dtype != "int8", f"%{y.name} is {y.dtype}")
    loops, in_place = pair_loops(a, b, y)
    low, high = _limits(op, y.dtype)
    variant = {
        "rank": len(loops[0]),
        "type": C_TYPES[a.dtype],
        "out_type": C_TYPES[y.dtype],
        "result": _result(op.kind, a.dtype),
        "min": low,
        "max": high,
    }
    cost = _CYCLES_PLAIN * y.elements
    return Call(kernel, Pair(*loops), (a.name, b.name), (y.name,), variant, in_place=in_place, cost=cost)


def mul_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8 products."""
    assert isinstance(op, Mul)
    a, b, y = op.operands(graph)
    fit(y.dtype == "int8", f"%{y.name} is {y.dtype}")
    (size, a_stride, b_stride), in_place = pair_loops(a, b, y)
    scale = Multiplier.of(mul_scale(a, b, y), target.rounding)
    output = fixed_output(scale, y, clamp_range(op.activation, y), target.rounding)
    params = MulS8(size, a_stride, b_stride, a.zero_point, b.zero_point, output)
    variant = {"rank": len(size), "output": output.c_name}
    cost = _CYCLES_INT8 * y.elements
    return Call(kernel, params, (a.name, b.name), (y.name,), variant, in_place=in_place, cost=cost)
