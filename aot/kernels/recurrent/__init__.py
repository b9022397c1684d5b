"""Layers that remember."""

from aot.kernels.call import AnyKernel
from aot.kernels.recurrent import gru, lstm_s8, lstm_s16, recurrent, svdf

KERNELS: tuple[AnyKernel, ...] = (
    *recurrent.KERNELS,
    *gru.KERNELS,
    *lstm_s8.KERNELS,
    *lstm_s16.KERNELS,
    *svdf.KERNELS,
)
