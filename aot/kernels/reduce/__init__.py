"""What becomes of elements along axes: sums, extremes, lengths, places."""

from aot.kernels.call import AnyKernel
from aot.kernels.reduce import along_axis, l2_normalization, normalize, reduce
from aot.kernels.reduce.dsp import mean as mean_dsp

KERNELS: tuple[AnyKernel, ...] = (
    *reduce.KERNELS,
    *along_axis.KERNELS,
    *l2_normalization.KERNELS,
    *normalize.KERNELS,
    *mean_dsp.KERNELS,
)
