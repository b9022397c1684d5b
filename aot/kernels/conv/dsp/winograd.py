"""3x3 convolution by Winograd's F(2x2, 3x3) for cores with the DSP extension: two taps at a time."""

from aot.graph.ir import Graph
from aot.kernels.call import DSP, AnyKernel, Call, Kernel, Target
from aot.kernels.conv.winograd import Tiles, lower_winograd
from aot.ops.conv2d import Conv2D


def conv2d_winograd_dsp(kernel: AnyKernel, op: Conv2D, graph: Graph, target: Target) -> Call:
    """3x3, two channels of four tiles at a time."""
    return lower_winograd(kernel, op, graph, target, Tiles(2, 8, pairs=True))


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("conv2d_winograd_s8_dsp", "conv/conv2d_winograd", (Conv2D,), conv2d_winograd_dsp, DSP, roomy=True),
)
