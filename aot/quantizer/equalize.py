"""Cross-layer equalization: channels between two layers are scaled so that all make use of the same codes."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, Tensor
from aot.ops.common import Activation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.oracle.interpreter import run_all
from aot.quantizer.calibrate import Sample
from aot.quantizer.simplify import constant_tensor

_Layer = Conv2D | DepthwiseConv2D | FullyConnected
_LINEAR = (Activation.NONE, Activation.RELU)  # f(s * x) = s * f(x) for s > 0
_MOST = 64.0  # times that a channel is made larger or smaller


def equalize(graph: Graph, samples: Iterable[Sample]) -> Graph:
    """Divide each channel between two layers by a factor, and multiply what reads it: float32 results stay the same.

    Only where one of the two is depth-wise: elsewhere it was measured to cost more than it brings. A channel's factor
    is its largest magnitude in `samples`, against the largest of all channels. Where the second layer is not
    depth-wise, its weights share a scale across input channels, and what is gained on the one side is lost on the
    other: the factor is the root of the ratio of both, as in Nagel et al., "Data-Free Quantization" (2019).
    """
    largest = _largest_by_channel(graph, samples)
    for op in graph.ops:
        pair = _pair(graph, op)
        if pair is not None:
            graph = _scaled(graph, *pair, _factors(graph, pair[1], largest[op.outputs[0]]))
    return graph


def _largest_by_channel(graph: Graph, samples: Iterable[Sample]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for values in run_all(graph, samples):
        for op in graph.ops:
            if isinstance(op, _Layer):
                value = np.nan_to_num(np.abs(values[op.outputs[0]]))  # calibration will complain of them
                here = value.reshape(-1, value.shape[-1]).max(axis=0)
                found[op.outputs[0]] = np.maximum(found.get(op.outputs[0], 0.0), here)
    return found


def _pair(graph: Graph, op: Op) -> tuple[_Layer, _Layer] | None:
    """The layer as it is by now, and the one that alone reads it, where only a linear activation is between them."""
    current = next((each for each in graph.ops if each.name == op.name), None)
    if not isinstance(current, _Layer) or current.activation not in _LINEAR:
        return None
    readers = graph.consumers(current.outputs[0])
    if len(readers) != 1 or current.outputs[0] in graph.wanted:
        return None
    (reader,) = readers
    if not isinstance(reader, _Layer) or reader.inputs[0] != current.outputs[0]:
        return None
    constants = [graph.operand(layer, i) for layer in (current, reader) for i in (1, 2)]
    w, channels = graph[reader.inputs[1]], graph[current.outputs[0]].shape[-1]
    plain = w.shape[-1] == channels  # no groups, no depth multiplier, no flattened image
    separable = isinstance(current, DepthwiseConv2D) or isinstance(reader, DepthwiseConv2D)
    fits = plain and separable and all(t is None or t.constant for t in constants)
    return (current, reader) if fits else None


def _factors(graph: Graph, reader: _Layer, activations: Array) -> Array:
    active = np.where(activations > 0, activations, activations.max() or 1.0)
    if isinstance(reader, DepthwiseConv2D):
        factors = active / active.max()
    else:
        w = graph[reader.inputs[1]].values
        weights = np.abs(w).reshape(-1, w.shape[-1]).max(axis=0)
        weights = np.where(weights > 0, weights, weights.max() or 1.0)
        factors = np.sqrt(active / active.max()) / np.sqrt(weights / weights.max())
        factors = factors / factors.max()
    return np.asarray(2.0 ** np.rint(np.log2(np.clip(factors, 1 / _MOST, _MOST))))  # powers of two change no mantissa


def _scaled(graph: Graph, layer: _Layer, reader: _Layer, factors: Array) -> Graph:
    """`layer` gives channels divided by `factors`, `reader` undoes it."""
    w, b = graph[layer.inputs[1]], graph.operand(layer, 2)
    shape = [-1 if i == layer.scheme.weights_axis else 1 for i in range(len(w.shape))]
    graph, new_w = _constant(graph, w, 1 / factors.reshape(shape))
    inputs = [layer.inputs[0], new_w]
    if b is not None:
        graph, new_b = _constant(graph, b, 1 / factors.reshape(b.shape))
        inputs.append(new_b)
    graph, read_w = _constant(graph, graph[reader.inputs[1]], factors)
    changed = {
        layer.name: replace(layer, inputs=tuple(inputs)),
        reader.name: replace(reader, inputs=(reader.inputs[0], read_w, *reader.inputs[2:])),
    }
    return replace(graph, ops=tuple(changed.get(op.name, op) for op in graph.ops))


def _constant(graph: Graph, tensor: Tensor, factor: Array) -> tuple[Graph, str]:
    data = (tensor.values * factor).astype(np.float32)
    alone = sum(tensor.name in op.inputs for op in graph.ops) == 1 and tensor.name not in graph.wanted
    made = replace(tensor, data=data) if alone else constant_tensor(graph, tensor.name, data)
    return graph.with_tensors(made), made.name
