"""Depth-wise convolutions."""

from aot.kernels.call import AnyKernel
from aot.kernels.depthwise import depthwise_conv2d, depthwise_rows
from aot.kernels.depthwise.dsp import depthwise_3x3 as depthwise_3x3_dsp
from aot.kernels.depthwise.dsp import depthwise_any as depthwise_any_dsp
from aot.kernels.depthwise.mve import depthwise_3x3 as depthwise_3x3_mve
from aot.kernels.depthwise.rvv import depthwise as depthwise_rvv

KERNELS: tuple[AnyKernel, ...] = (
    *depthwise_conv2d.KERNELS,
    *depthwise_rows.KERNELS,
    *depthwise_3x3_dsp.KERNELS,
    *depthwise_any_dsp.KERNELS,
    *depthwise_3x3_mve.KERNELS,
    *depthwise_rvv.KERNELS,
)
