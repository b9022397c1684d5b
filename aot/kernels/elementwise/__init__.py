"""Element by element: functions, arithmetic, conversions."""

from aot.kernels.call import AnyKernel
from aot.kernels.elementwise import (
    add_n,
    binary,
    binary_scaled,
    cast,
    codes,
    convert,
    lookup,
    prelu,
    quotient,
    select,
    unary,
)
from aot.kernels.elementwise.rvv import add as add_rvv

KERNELS: tuple[AnyKernel, ...] = (
    *unary.KERNELS,
    *lookup.KERNELS,
    *binary.KERNELS,
    *binary_scaled.KERNELS,
    *add_n.KERNELS,
    *prelu.KERNELS,
    *quotient.KERNELS,
    *select.KERNELS,
    *cast.KERNELS,
    *convert.KERNELS,
    *codes.KERNELS,
    *add_rvv.KERNELS,
)
