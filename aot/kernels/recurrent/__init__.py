"""Layers that remember."""

from aot.kernels.call import AnyKernel
from aot.kernels.recurrent import lstm_s8, lstm_s16, recurrent, svdf

KERNELS: tuple[AnyKernel, ...] = (
    *recurrent.KERNELS,
    *lstm_s8.KERNELS,
    *lstm_s16.KERNELS,
    *svdf.KERNELS,
)
