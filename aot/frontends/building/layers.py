"""What follows a layer and is the same for each of its channels becomes part of its weights and bias.

float32 results change in their last bits by it, as they do where an exporter or a runtime folds.
"""

from dataclasses import replace

import numpy as np

from aot.frontends.building.builder import Builder
from aot.frontends.building.value import Value
from aot.graph.ir import Array, Op, Tensor
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.transpose_conv import TransposeConv

_Layer = Conv2D | DepthwiseConv2D | FullyConnected | TransposeConv


def folded(build: Builder, value: Value, axis: int, factor: Array, offset: Array) -> Value | None:
    """`value * factor + offset`, one of each for every position along `axis`, or for all of them.

    None unless `value` is what a layer computes with these channels. Nobody else may read it.
    """
    layer = None if value.constant else build.producer(value.tensor)
    if not isinstance(layer, _Layer) or layer.activation.value != (None, None):
        return None
    y, w = build.tensor(value.tensor), build.tensor(layer.inputs[1] or "")
    b = None if len(layer.inputs) < 3 or layer.inputs[2] is None else build.tensor(layer.inputs[2])
    plain = bool(np.all(factor == 1))
    if y.dtype != "float32" or not (plain or w.constant) or (b is not None and b.data is None):
        return None
    channels = w.shape[layer.scheme.weights_axis]
    if not _are_channels(value, axis, channels):
        return None
    scale, shift = (np.broadcast_to(v.ravel().astype(np.float64), (channels,)) for v in (factor, offset))
    with np.errstate(over="ignore", invalid="ignore"):  # of the numbers of a damaged file
        build.replace(layer, _scaled(build, layer, w, b, scale, shift))
    return value


def _are_channels(value: Value, axis: int, channels: int) -> bool:
    """Whether `axis` has all channels and lies innermost in memory."""
    if value.shape[axis] != channels:
        return False
    order = value.axis_order()
    if order is None:
        return False
    telling = [a for a in order if value.shape[a] != 1]
    return channels == 1 or telling[-1] == axis


def _scaled(build: Builder, layer: _Layer, w: Tensor, b: Tensor | None, scale: Array, shift: Array) -> Op:
    """The layer with other weights and another bias."""
    bias = np.zeros(len(scale)) if b is None else b.values.astype(np.float64).reshape(-1)
    offsets = build.literal((bias * scale + shift).astype(np.float32), b.label if b else f"{w.label}_bias")
    if np.all(scale == 1):  # weights that are codes stay so
        return replace(layer, inputs=(*layer.inputs[:2], offsets))
    along = [-1 if i == layer.scheme.weights_axis else 1 for i in range(len(w.shape))]
    weights = build.literal((w.values.astype(np.float64) * scale.reshape(along)).astype(np.float32), w.label)
    return replace(layer, inputs=(layer.inputs[0], weights, offsets))
