"""int8 -> int8 functions of one element: a table of all 256 answers, made by the interpreter itself."""

from dataclasses import dataclass, replace

import numpy as np

from aot.ir import Graph, Op
from aot.kernels.call import Call, Constant, Kernel, Params, Target, fit

_CYCLES_PER_ELEMENT = 5.0


@dataclass(frozen=True)
class LookupS8(Params):
    table: Constant
    count: int


def lookup_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """Any operator with one int8 input and one int8 output that works element by element."""
    (x_name,), (y_name,) = op.inputs, op.outputs
    x, y = graph[x_name], graph[y_name]
    fit(x.dtype == "int8" and y.dtype == "int8", f"{x.dtype} to {y.dtype}, not int8 to int8")
    codes = np.arange(-128, 128).astype(np.int8)
    small = graph.with_tensors(replace(x, shape=(256,)), replace(y, shape=(256,)))
    (table,) = op.evaluate(small, {x.name: codes}, target.rounding)
    params = LookupS8(Constant(f"{y.name}_table", table), y.elements)
    cost = _CYCLES_PER_ELEMENT * y.elements
    return Call(kernel, params, (x.name,), (y.name,), in_place=(0,), cost=cost)
