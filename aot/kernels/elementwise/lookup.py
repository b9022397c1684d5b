"""int8 -> int8 functions of one element: a table of all 256 answers, made by the interpreter itself."""

from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Graph, Op
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, fit
from aot.kernels.common.work import per_element
from aot.ops.functions import Elu, Exp, Gelu, Log, Neg
from aot.ops.hard_swish import HardSwish
from aot.ops.quantize import Quantize
from aot.ops.real_functions import RealFunction
from aot.ops.relu import Relu, Relu0To1, Relu6, ReluN1To1
from aot.ops.roots import Rsqrt, Sqrt
from aot.ops.sigmoid import Logistic, Tanh
from aot.ops.two_slopes import Abs, LeakyRelu


@dataclass(frozen=True)
class LookupS8(Params):
    table: Constant
    count: int


def lookup_s8(kernel: AnyKernel, op: Op, graph: Graph, target: Target) -> Call:
    """Every operator with one int8 input and one int8 output that works element by element."""
    (x_name,), (y_name,) = op.inputs, op.outputs
    x, y = graph[x_name], graph[y_name]
    fit(x.dtype == "int8" and y.dtype == "int8", f"{x.dtype} to {y.dtype}, not int8 to int8")
    codes = np.arange(-128, 128).astype(np.int8)
    small = graph.with_tensors(replace(x, shape=(256,)), replace(y, shape=(256,)))
    (table,) = op.evaluate(small, {x.name: codes}, target.rounding)
    params = LookupS8(Constant(f"{y.name}_table", table, "The output for each code, from -128 on"), y.elements)
    work = per_element(x.dtype, y.elements)
    return Call(kernel, op, params, (x.name,), (y.name,), in_place=(0,), work=work)


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("lookup_s8", "elementwise/lookup_s8", (Abs, Elu, Exp, Gelu, HardSwish, LeakyRelu, Log, Logistic, Neg,
           Quantize, RealFunction, Relu, Relu0To1, Relu6, ReluN1To1, Rsqrt, Sqrt, Tanh), lookup_s8),
)  # fmt: skip
