"""Convolutions, ordinary and transposed."""

from aot.kernels.call import AnyKernel
from aot.kernels.conv import conv2d, tiles, transpose_conv, winograd
from aot.kernels.conv.dsp import conv2d as conv2d_dsp
from aot.kernels.conv.dsp import winograd as winograd_dsp
from aot.kernels.conv.mve import conv2d as conv2d_mve
from aot.kernels.conv.rvv import conv2d as conv2d_rvv

KERNELS: tuple[AnyKernel, ...] = (
    *conv2d.KERNELS,
    *tiles.KERNELS,
    *transpose_conv.KERNELS,
    *winograd.KERNELS,
    *winograd_dsp.KERNELS,
    *conv2d_dsp.KERNELS,
    *conv2d_mve.KERNELS,
    *conv2d_rvv.KERNELS,
)
