"""Softmax and its logarithm."""

from aot.kernels.call import AnyKernel
from aot.kernels.softmax import log_softmax, softmax

KERNELS: tuple[AnyKernel, ...] = (
    *softmax.KERNELS,
    *log_softmax.KERNELS,
)
