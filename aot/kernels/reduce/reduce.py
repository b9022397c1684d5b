"""Sums, extremes, products and means over any axes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS, Multiplier, reduced_multiplier
from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.loops import contiguous_strides, merge
from aot.kernels.common.output import Output, fixed_output, float_output
from aot.kernels.common.sums import SUFFIXES, fit_type
from aot.ops.common import Activation, clamp_range
from aot.ops.mean import Mean, mean_multiplier, mean_scale_float
from aot.ops.reduce import ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Reduction, Sum, sum_scale_float

_LOWEST = {
    "float32": "-3.4028235e38f",
    "int8": "INT8_MIN",
    "uint8": "0",
    "int16": "INT16_MIN",
    "int32": "INT32_MIN",
    "int64": "INT64_MIN",
    "bool": "0",
}
_HIGHEST = {
    "float32": "3.4028235e38f",
    "int8": "INT8_MAX",
    "uint8": "UINT8_MAX",
    "int16": "INT16_MAX",
    "int32": "INT32_MAX",
    "int64": "INT64_MAX",
    "bool": "1",
}
_UNSIGNED = {"int32": "uint32_t", "int64": "uint64_t"}  # their sums and products wrap around


@dataclass(frozen=True)
class Loops(Params):
    """The loops over outputs, and over what becomes one output."""

    kept: tuple[int, ...]
    kept_stride: tuple[int, ...]
    reduced: tuple[int, ...]
    reduced_stride: tuple[int, ...]


@dataclass(frozen=True)
class ScaledLoops(Loops):
    """`start` is what each sum begins with: minus the zero point for every element."""

    start: int
    output: Output


@dataclass(frozen=True)
class ProductLoops(Loops):
    """What each step of a product is scaled by: `multiplier` of 15 bits, and a shift to the right.

    `min` and `max` limit it before `y_zero` is added.
    """

    x_zero: int
    multiplier: int
    shift: int
    y_zero: int
    min: int
    max: int


@dataclass(frozen=True)
class CountedLoops(Loops):
    count: int


def _loops(op: Reduction, graph: Graph) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    x, _ = op.operands(graph)
    strides = contiguous_strides(x.shape)
    kept_axes = [a for a in range(len(x.shape)) if a not in op.axes]
    kept, kept_stride = merge(*(tuple(v[a] for a in kept_axes) for v in (x.shape, strides)))
    reduced, reduced_stride = merge(*(tuple(v[a] for a in sorted(op.axes)) for v in (x.shape, strides)))
    return kept, kept_stride, reduced, reduced_stride


def _call(kernel: AnyKernel, op: Reduction, graph: Graph, params: Loops, texts: Mapping[str, object]) -> Call:
    x, y = op.operands(graph)
    depths = {"kept": len(params.kept), "reduced": len(params.reduced)}
    variant = {**depths, "type": C_TYPES[x.dtype], "stage": None, **texts}
    work = {"reals" if x.dtype == "float32" else "taps": x.elements, "outputs": y.elements}
    return Call(kernel, op, params, (x.name,), (y.name,), variant, work=work)


def scaled(kernel: AnyKernel, op: Sum | Mean, graph: Graph, target: Target) -> Call:
    """Sum or Mean of int8 or int16, whose scale to the output is a fixed-point number."""
    x, y = op.operands(graph)
    fit(x.dtype in SUFFIXES, f"%{x.name} is {x.dtype}")
    fit_type(kernel, x)
    count = op.count(x)
    most = 30 - (8 if x.dtype == "int8" else 16)
    fit(count < 1 << most, f"the sum of {count} elements can exceed 30 bits")
    output = scaled_output(op, x, y, target)
    params = ScaledLoops(*_loops(op, graph), -count * x.zero_point, output)
    texts = {
        "acc": "int32_t",
        "start": "p->start",
        "step": "acc += {};",
        "stage": output.stage,
        "what": "The mean over some axes; 1 / count is folded into the output's multiplier."
        if isinstance(op, Mean)
        else "The sum over some axes.",
    }
    return _call(kernel, op, graph, params, texts)


def scaled_output(op: Sum | Mean, x: Tensor, y: Tensor, target: Target) -> Output:
    limits = clamp_range(Activation.NONE, y)
    if target.rounding == "onnx":
        real = mean_scale_float(x, y, op.count(x)) if isinstance(op, Mean) else sum_scale_float(x, y)
        return float_output(real, y, limits, target, 1, op.count(x) << 8 * (x.bytes // x.elements))
    if isinstance(op, Mean):
        scale = mean_multiplier(x, y, op.count(x), target.rounding)
    else:
        scale = Multiplier.of(x.scale / y.scale, target.rounding)
    return fixed_output(scale, y, limits, target)


def scaled_product(kernel: AnyKernel, op: ReduceProd, graph: Graph, target: Target) -> Call:
    """Products of int8 or int16, scaled at each step."""
    x, y = op.operands(graph)
    fit(x.dtype in ("int8", "int16"), f"%{x.name} is {x.dtype}")
    multiplier, shift = (int(v[0]) for v in reduced_multiplier(Multiplier.of(op.step(x, y))))
    limits = (limit - y.zero_point for limit in clamp_range(Activation.NONE, y))
    params = ProductLoops(*_loops(op, graph), x.zero_point, multiplier, shift, y.zero_point, *limits)
    step = "product_step({}, p->multiplier, p->shift)"
    next_step = step.format("(int64_t)acc * ({0} - p->x_zero)")
    texts = {
        "acc": "int32_t",
        "start": "0, count = 0",
        "step": f"acc = count++ == 0 ? {{0}} - p->x_zero : {next_step};",
        "finish": f"({C_TYPES[y.dtype]})(clamp({step.format('acc')}, p->min, p->max) + p->y_zero)",
        "what": "The product over some axes, scaled after each factor.",
    }
    return replace(_call(kernel, op, graph, params, texts), needs=("product_step", "clamp"))


def reduce(kernel: AnyKernel, op: Reduction, graph: Graph, target: Target) -> Call:
    """Everything whose output is not another scale of the input."""
    x, _ = op.operands(graph)
    fit(not (isinstance(op, Sum | Mean | ReduceProd) and x.dtype in ("int8", "int16")), f"%{x.name} is {x.dtype}")
    loops = _loops(op, graph)
    params = CountedLoops(*loops, op.count(x)) if isinstance(op, Mean) else Loops(*loops)
    call = _call(kernel, op, graph, params, _texts(op, graph))
    return replace(call, needs=("math.h",)) if _is_infinite(op, x.dtype) else call


def _is_infinite(op: Reduction, dtype: str) -> bool:
    """Whether what is gathered begins with an infinity."""
    return isinstance(op, ReduceMax) and op.infinite and dtype == "float32"


def _farthest(op: ReduceMax, dtype: str) -> str:
    """What is farther away than any element."""
    ends = _HIGHEST if isinstance(op, ReduceMin) else _LOWEST
    sign = "" if isinstance(op, ReduceMin) else "-"
    return f"{sign}INFINITY" if _is_infinite(op, dtype) else ends[dtype]


def _texts(op: Reduction, graph: Graph) -> dict[str, str]:
    """What the template prints: the type of what is gathered, its start, each step, and how it ends."""
    x, _ = op.operands(graph)
    c_type = C_TYPES[x.dtype]
    match op:
        case ReduceMin():
            parts = c_type, _farthest(op, x.dtype), "acc = {0} < acc ? {0} : acc;", "acc", "smallest element"
        case ReduceMax():
            parts = c_type, _farthest(op, x.dtype), "acc = {0} > acc ? {0} : acc;", "acc", "largest element"
        case ReduceAll():
            parts = c_type, "1", "acc = acc && {0};", "acc", "conjunction"
        case ReduceAny():
            parts = c_type, "0", "acc = acc || {0};", "acc", "disjunction"
        case ReduceProd():
            parts = _wrapping(x.dtype, "1", "*=", "product")
        case Mean():
            parts = _mean(op, x.dtype, f"{op.start(x)}f")
        case _:
            parts = _wrapping(x.dtype, f"{op.start(x)}f" if x.dtype == "float32" else "0", "+=", "sum")
    acc, start, step, finish, what = parts
    return {"acc": acc, "start": start, "step": step, "finish": finish, "what": f"The {what} over some axes."}


def _wrapping(dtype: str, start: str, operator: str, what: str) -> tuple[str, str, str, str, str]:
    if dtype == "float32":
        return "float", start if "." in start else f"{start}.0f", f"acc {operator} {{}};", "acc", what
    unsigned = _UNSIGNED[dtype]
    return unsigned, start, f"acc {operator} ({unsigned}){{}};", f"({C_TYPES[dtype]})acc", what


def _mean(op: Mean, dtype: str, start: str) -> tuple[str, str, str, str, str]:
    if dtype == "float32":
        return "float", start, "acc += {};", "acc / (float)p->count", "mean"
    return "uint64_t", "0", "acc += (uint64_t){};", f"({C_TYPES[dtype]})((int64_t)acc / p->count)", "mean"


KERNELS: tuple[AnyKernel, ...] = (
    *(Kernel(f"mean_{suffix}", "reduce/reduce", (Mean,), scaled) for suffix in ("s8", "s16")),
    *(Kernel(f"sum_{suffix}", "reduce/reduce", (Sum,), scaled) for suffix in ("s8", "s16")),
    Kernel("scaled_product", "reduce/reduce", (ReduceProd,), scaled_product, roundings=INTEGER_ROUNDINGS),
    Kernel("reduce", "reduce/reduce", (Mean, ReduceAll, ReduceAny, ReduceMax, ReduceMin, ReduceProd, Sum), reduce),
)
