"""Between float32 and int8."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize

_CYCLES_PER_ELEMENT = 12.0


@dataclass(frozen=True)
class Convert(Params):
    scale: float
    zero_point: int
    count: int


def quantize_f32_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """float32 -> int8."""
    assert isinstance(op, Quantize)
    x, y = op.operands(graph)
    fit(x.dtype == "float32", f"%{x.name} is {x.dtype}")
    params = Convert(y.scale, y.zero_point, y.elements)
    return Call(kernel, params, (x.name,), (y.name,), cost=_CYCLES_PER_ELEMENT * y.elements)


def dequantize_s8_f32(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8 -> float32."""
    assert isinstance(op, Dequantize)
    x, y = op.operands(graph)
    fit(x.dtype == "int8", f"%{x.name} is {x.dtype}")
    params = Convert(x.scale, x.zero_point, y.elements)
    return Call(kernel, params, (x.name,), (y.name,), cost=_CYCLES_PER_ELEMENT * y.elements)
