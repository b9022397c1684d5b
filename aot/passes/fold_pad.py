"""A PAD of height and width moves into the convolution that reads it."""

from dataclasses import replace

from aot.graph.ir import Graph, Op
from aot.ops.common import Pads
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.pad import Pad


def fold_pad(graph: Graph) -> Graph:
    """Exact: PAD fills with the zero point, which is what a convolution's own padding stands for."""
    return replace(graph, ops=tuple(_folded(graph, op) for op in graph.ops))


def _folded(graph: Graph, op: Op) -> Op:
    if not isinstance(op, Conv2D | DepthwiseConv2D):
        return op
    while isinstance(pad := graph.producer(op.inputs[0] or ""), Pad) and pad.pads[0] == pad.pads[3] == (0, 0):
        op = replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), padding=_sum(op.padding, pad.pads))
    return op


def _sum(own: Pads, pads: tuple[tuple[int, int], ...]) -> Pads:
    (top, bottom), (left, right) = own
    (more_top, more_bottom), (more_left, more_right) = pads[1], pads[2]
    return (top + more_top, bottom + more_bottom), (left + more_left, right + more_right)
