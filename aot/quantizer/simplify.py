"""What is done to the float32 graph before it is calibrated: its layers become as few as they can be."""

from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, Tensor
from aot.ops.add import Add, Sub
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.functions import Neg
from aot.ops.mul import Mul
from aot.passes.eliminate_dead import eliminate_dead
from aot.passes.fold_constants import fold_constants
from aot.passes.fuse_activation import fuse_activation

_Layer = Conv2D | DepthwiseConv2D | FullyConnected
_After = Mul | Add | Sub


def simplify(graph: Graph) -> Graph:
    """Constants folded, activations fused, and what batch normalization left behind folded into weights and biases.

    NEG is a product with -1, whose codes may have any zero point; its own may not. The folded products and sums
     changes float32 results in their last bits, which quantization does not notice. `fold_pad` is not among
    the passes: a .tflite file could not say what it makes.
    """
    graph = fuse_activation(fold_constants(_without_neg(graph)))
    while (folded := _fold_one(graph)) is not None:
        graph = fuse_activation(folded)
    return eliminate_dead(graph)


def _without_neg(graph: Graph) -> Graph:
    for op in graph.ops:
        if isinstance(op, Neg) and graph[op.inputs[0]].dtype == "float32":
            minus = constant_tensor(graph, f"{op.name}_minus", np.array([-1.0]))
            product = Mul(name=op.name, inputs=(op.inputs[0], minus.name), outputs=op.outputs)
            ops = tuple(product if each is op else each for each in graph.ops)
            graph = replace(graph.with_tensors(minus), ops=ops)
    return graph


def _fold_one(graph: Graph) -> Graph | None:
    """The graph with one MUL, ADD or SUB by constants folded into the layer before it, or None where there is none."""
    for op in graph.ops:
        if isinstance(op, _After) and (found := _layer_before(graph, op)) is not None:
            return _folded(graph, *found, op)
    return None


def _layer_before(graph: Graph, op: _After) -> tuple[_Layer, Array] | None:
    """The layer whose output `op` alone reads, and the constant for each of its channels."""
    x, other, y = op.operands(graph)
    if x.constant and not isinstance(op, Sub):
        x, other = other, x
    layer = graph.producer(x.name)
    if not isinstance(layer, _Layer) or layer.activation is not Activation.NONE:
        return None
    only_reader = graph.consumers(x.name) == (op,) and x.name not in graph.wanted
    if not only_reader or x.dtype != "float32" or x.shape != y.shape or other.data is None:
        return None
    channels = x.shape[-1]
    if other.elements not in (1, channels) or (other.elements > 1 and other.shape[-1] != channels):
        return None
    w, b = layer.operands(graph)[1:3]
    if w.data is None or (b is not None and b.data is None):
        return None
    return layer, np.broadcast_to(other.data.reshape(-1), channels).astype(np.float64)


def _folded(graph: Graph, layer: _Layer, constant: Array, op: _After) -> Graph:
    _, w, b, y = layer.operands(graph)
    bias = np.zeros(y.shape[-1]) if b is None or b.data is None else b.data.astype(np.float64).reshape(-1)
    weights = w.values.astype(np.float64)
    if isinstance(op, Mul):
        shape = [-1 if i == layer.scheme.weights_axis else 1 for i in range(weights.ndim)]
        weights, bias = weights * constant.reshape(shape), bias * constant
    else:
        bias = bias - constant if isinstance(op, Sub) else bias + constant
    new_w = constant_tensor(graph, f"{op.outputs[0]}_weights", weights)
    graph = graph.with_tensors(new_w)
    new_b = constant_tensor(graph, f"{op.outputs[0]}_bias", bias)
    graph = graph.with_tensors(new_b)
    merged = replace(
        layer,
        name=op.name,
        inputs=(layer.inputs[0], new_w.name, new_b.name),
        outputs=op.outputs,
        activation=op.activation,
    )
    ops: list[Op] = [merged if each is layer else each for each in graph.ops if each is not op]
    return replace(graph, ops=tuple(ops))


def constant_tensor(graph: Graph, name: str, data: Array) -> Tensor:
    """A float32 constant under a name that `graph` does not have yet."""
    while name in graph.tensors:
        name += "_"
    return Tensor(name, data.shape, "float32", data=data.astype(np.float32), label=name)
