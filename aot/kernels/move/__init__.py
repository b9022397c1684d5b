"""Elements that only change their place, and images that change their size."""

from aot.kernels.call import AnyKernel
from aot.kernels.move import broadcast_args, copy, gather, indexed, parts, resize, reverse_sequence, scatter_nd

KERNELS: tuple[AnyKernel, ...] = (
    *copy.KERNELS,
    *parts.KERNELS,
    *gather.KERNELS,
    *indexed.KERNELS,
    *resize.KERNELS,
    *reverse_sequence.KERNELS,
    *scatter_nd.KERNELS,
    *broadcast_args.KERNELS,
)
