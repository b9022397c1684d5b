"""Between float32 and codes, and from codes to codes of another scale, zero point or type."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph, Op, Tensor
from aot.kernels.call import AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.order import picked
from aot.kernels.common.scaling import fast_scaling, scaling_of
from aot.kernels.common.work import per_element
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize


@dataclass(frozen=True)
class Convert(Params):
    scale: float
    zero_point: int
    count: int


@dataclass(frozen=True)
class RescaleParams(Params):
    """`multiplier` and `shift` are None where the scales are equal."""

    x_zero: int
    x_multiplier: int | None
    x_shift: int | None
    y_zero: int
    count: int


def quantize_f32(kernel: AnyKernel, op: Quantize, graph: Graph, target: Target) -> Call:
    """float32 -> any codes."""
    x, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    params = Convert(y.scale, y.zero_point, y.elements)
    return _call(kernel, op, params, x, y, {"type": C_TYPES[y.dtype], "limits": _limits(y.dtype)})


def dequantize(kernel: AnyKernel, op: Dequantize, graph: Graph, target: Target) -> Call:
    """All codes -> float32."""
    x, y = op.operands(graph)
    params = Convert(x.scale, x.zero_point, y.elements)
    return _call(kernel, op, params, x, y, {"type": C_TYPES[x.dtype]})


def rescale(kernel: AnyKernel, op: Quantize, graph: Graph, target: Target) -> Call:
    """Codes -> codes."""
    x, y = op.operands(graph)
    fit(x.dtype != "float32", f"%{x.name} is float32")
    fit(not op.as_uint8, "rescaled in float32")
    multiplier, shift, function = fast_scaling(x.scale / y.scale, target)
    if x.dtype == "int32":  # the others have no room for all of 32 bits
        multiplier, shift, _ = scaling_of(x.scale / y.scale, target.rounding)
        function = "requantize_any"
    if x.scale == y.scale:
        params = RescaleParams(x.zero_point, None, None, y.zero_point, y.elements)
        function = ""
    else:
        kept = None if function == "rounding_high" else shift
        params = RescaleParams(x.zero_point, multiplier, kept, y.zero_point, y.elements)
    variant = {"type": C_TYPES[x.dtype], "out_type": C_TYPES[y.dtype], "function": function, "limits": _limits(y.dtype)}
    return _call(kernel, op, params, x, y, variant)


def _call(kernel: AnyKernel, op: Op, params: Params, x: Tensor, y: Tensor, variant: Mapping[str, object]) -> Call:
    overlap, work = picked(x, y, np.arange(y.elements)), per_element(x.dtype, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), variant, overlaps={0: overlap}, work=work)


def _limits(dtype: str) -> tuple[str, str]:
    """The lowest and the highest code, as C has them; of int32 there is nothing to limit."""
    return ("0" if dtype == "uint8" else f"{dtype.upper()}_MIN"), f"{dtype.upper()}_MAX"


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("quantize_f32", "elementwise/quantize_f32", (Quantize,), quantize_f32),
    Kernel("rescale", "elementwise/rescale", (Quantize,), rescale, roundings=INTEGER_ROUNDINGS),
    Kernel("dequantize", "elementwise/dequantize", (Dequantize,), dequantize),
)
