"""A RELU or RELU6 that only clamps moves into the operator before it."""

from dataclasses import replace

from aot.graph.ir import Graph, Op
from aot.ops.add import Add
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.relu import Relu

Fusible = Conv2D | DepthwiseConv2D | FullyConnected | Add | AveragePool2D | MaxPool2D


def fuse_activation(graph: Graph) -> Graph:
    """Fuse where it is exact: input and output of the activation have one scale, and nobody else reads the input."""
    for relu in graph.ops:
        if isinstance(relu, Relu) and (before := _fusible(graph, relu)) is not None:
            fused = replace(before, outputs=relu.outputs, name=relu.name, activation=relu.function)
            graph = replace(graph, ops=tuple(fused if op is before else op for op in graph.ops if op is not relu))
    return graph


def _fusible(graph: Graph, relu: Relu) -> Fusible | None:
    x, y = relu.operands(graph)
    before: Op | None = graph.producer(x.name)
    only_reader = graph.consumers(x.name) == (relu,) and x.name not in graph.wanted
    if not isinstance(before, Fusible) or before.activation is not Activation.NONE:
        return None
    return before if only_reader and x.quant == y.quant and x.dtype == y.dtype else None
