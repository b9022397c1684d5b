"""Numbers of one type as numbers of another."""

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Graph
from aot.kernels.call import AnyKernel, Call, Kernel, Target
from aot.kernels.common.formula import plain
from aot.kernels.common.order import picked
from aot.kernels.common.work import per_element
from aot.kernels.elementwise.unary import Count
from aot.ops.cast import Cast

_LIMITS = {  # of integers: the lowest, and the first real above the largest
    "int8": ("INT8_MIN", "INT8_MAX", "-128.0f", "128.0f"),
    "uint8": ("0", "UINT8_MAX", "0.0f", "256.0f"),
    "int16": ("INT16_MIN", "INT16_MAX", "-32768.0f", "32768.0f"),
    "int32": ("INT32_MIN", "INT32_MAX", "-2147483648.0f", "2147483648.0f"),
    "int64": ("INT64_MIN", "INT64_MAX", "-9223372036854775808.0f", "9223372036854775808.0f"),
}


def _result(source: str, dtype: str) -> str:
    if dtype == "bool":
        return "x != 0"
    if source != "float32" or dtype == "float32":
        return f"({C_TYPES[dtype]})x"
    lowest, largest, low, beyond = _LIMITS[dtype]
    return f"x < {beyond} ? x > {low} ? ({C_TYPES[dtype]})x : {lowest} : {largest}"


def cast(kernel: AnyKernel, op: Cast, graph: Graph, target: Target) -> Call:
    """Between any two types."""
    x, y = op.operands(graph)
    variant = {
        "type": C_TYPES[x.dtype],
        "out_type": C_TYPES[y.dtype],
        **plain(_result(x.dtype, y.dtype)).printed,
    }
    overlaps = {0: picked(x, y, np.arange(y.elements))}
    work = per_element("float32" if "float32" in (x.dtype, y.dtype) else x.dtype, y.elements)
    return Call(kernel, op, Count(y.elements), (x.name,), (y.name,), variant, overlaps=overlaps, work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("unary", "elementwise/unary", (Cast,), cast),)
