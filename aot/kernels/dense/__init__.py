"""Dense layers, point-wise convolutions and products of matrices."""

from aot.kernels.call import AnyKernel
from aot.kernels.dense import batch_matmul, dense, tiles
from aot.kernels.dense.dsp import dense as dense_dsp
from aot.kernels.dense.mve import dense as dense_mve
from aot.kernels.dense.rvv import dense as dense_rvv

KERNELS: tuple[AnyKernel, ...] = (
    *dense.KERNELS,
    *tiles.KERNELS,
    *batch_matmul.KERNELS,
    *dense_dsp.KERNELS,
    *dense_mve.KERNELS,
    *dense_rvv.KERNELS,
)
