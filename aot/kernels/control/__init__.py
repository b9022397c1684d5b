"""Control flow."""

from aot.kernels.call import AnyKernel
from aot.kernels.control import control

KERNELS: tuple[AnyKernel, ...] = (*control.KERNELS,)
