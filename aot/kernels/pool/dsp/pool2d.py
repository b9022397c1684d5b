"""Pools for cores with the DSP extension: four channels in a word."""

import numpy as np

from aot.graph.fixedpoint import INTEGER_ROUNDINGS
from aot.graph.ir import Graph
from aot.kernels.call import DSP, AnyKernel, Call, Kernel, Target, fit
from aot.kernels.common.fours import HALFWORD_TAPS, fit_fours
from aot.kernels.pool.pool2d import is_dilated, overlap_in, params_of, ties_of, work_of
from aot.ops.common import clamp_range
from aot.ops.pool2d import AveragePool2D, MaxPool2D


def average_pool2d_dsp(kernel: AnyKernel, op: AveragePool2D, graph: Graph, target: Target) -> Call:
    """The mean of int8, four channels in a word."""
    x, y = op.operands(graph)
    fit_fours(x)
    fit(not op.of_reals(x, y, target.rounding), "the mean is that of reals")
    taps = min(op.kernel[0], x.shape[1]) * min(op.kernel[1], x.shape[2])
    fit(taps <= HALFWORD_TAPS, f"windows have {taps} elements, more than {HALFWORD_TAPS}")
    return Call(
        kernel,
        op,
        params_of(op, x, y, clamp_range(op.activation, y)),
        (x.name,),
        (y.name,),
        {"ties": ties_of(op), "dilated": is_dilated(op)},
        overlaps={0: overlap_in(op, x, y, np.arange(0, x.shape[3] + 1, 4))},
        work=work_of(op, x, y, 4),
    )


def max_pool2d_dsp(kernel: AnyKernel, op: MaxPool2D, graph: Graph, target: Target) -> Call:
    """The maximum of int8, four channels in a word."""
    x, y = op.operands(graph)
    fit_fours(x)
    limits = clamp_range(op.activation, y, target.rounding)
    return Call(
        kernel,
        op,
        params_of(op, x, y, limits),
        (x.name,),
        (y.name,),
        {"limited": limits[1] < 127, "dilated": is_dilated(op)},
        overlaps={0: overlap_in(op, x, y, np.arange(0, x.shape[3] + 1, 4))},
        work=work_of(op, x, y, 4),
    )


KERNELS: tuple[AnyKernel, ...] = (
    Kernel(
        "average_pool2d_s8_dsp",
        "pool/dsp/average_pool2d_s8_dsp",
        (AveragePool2D,),
        average_pool2d_dsp,
        DSP,
        roundings=INTEGER_ROUNDINGS,
    ),
    Kernel("max_pool2d_s8_dsp", "pool/dsp/max_pool2d_s8_dsp", (MaxPool2D,), max_pool2d_dsp, DSP),
)
