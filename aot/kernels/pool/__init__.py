"""Pools over sliding windows."""

from aot.kernels.call import AnyKernel
from aot.kernels.pool import pool2d
from aot.kernels.pool.dsp import pool2d as pool2d_dsp

KERNELS: tuple[AnyKernel, ...] = (
    *pool2d.KERNELS,
    *pool2d_dsp.KERNELS,
)
