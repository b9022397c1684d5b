"""Mean over any axes."""

from dataclasses import dataclass

from aot.ir import Graph, Op
from aot.kernels.call import Call, Kernel, Params, Target, fit
from aot.kernels.loops import contiguous_strides, merge
from aot.kernels.output import TensorOutput, fixed_output
from aot.ops.common import Activation, clamp_range
from aot.ops.mean import Mean, mean_multiplier

_CYCLES_PER_ELEMENT = 6.0


@dataclass(frozen=True)
class MeanS8(Params):
    """`start` is what each sum begins with: minus the zero point for every element."""

    kept: tuple[int, ...]
    kept_stride: tuple[int, ...]
    reduced: tuple[int, ...]
    reduced_stride: tuple[int, ...]
    start: int
    output: TensorOutput


def mean_s8(kernel: Kernel, op: Op, graph: Graph, target: Target) -> Call:
    """int8."""
    assert isinstance(op, Mean)
    x, y = op.operands(graph)
    count = x.elements // y.elements
    fit(count < 1 << 22, f"the mean over {count} elements can exceed 30 bits")
    strides = contiguous_strides(x.shape)
    kept_axes = [a for a in range(len(x.shape)) if a not in op.axes]
    kept, kept_stride = merge(*(tuple(v[a] for a in kept_axes) for v in (x.shape, strides)))
    reduced, reduced_stride = merge(*(tuple(v[a] for a in op.axes) for v in (x.shape, strides)))
    scale = mean_multiplier(x, y, count, target.rounding)
    limits = clamp_range(Activation.NONE, y)
    output = fixed_output(scale, y, limits, target.rounding)
    params = MeanS8(kept, kept_stride, reduced, reduced_stride, -count * x.zero_point, output)
    variant = {"kept": len(kept), "reduced": len(reduced), "output": output.c_name}
    return Call(kernel, params, (x.name,), (y.name,), variant, cost=_CYCLES_PER_ELEMENT * x.elements)
