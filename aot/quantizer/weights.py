"""Weights and biases as integers: symmetric, a scale for each channel, biases in the scale of the products."""

from dataclasses import replace

import numpy as np

from aot.graph.ir import Array, Graph, Op, Quant, Tensor
from aot.ops.common import Activation

_ROOM = 2.0**30  # what a bias may reach: sums beside it must still fit 32 bits


def quantized_weights(
    op: Op, graph: Graph, x: Tensor, mean: Array | None, per_channel: bool = True
) -> tuple[Tensor, Tensor]:
    """int8 weights and the bias (int32, or int64 for int16 inputs) of `op`, whose quantized input is `x`.

    With the `mean` of the float32 input, the bias makes up for the mean error that the rounding of the weights brings.
    A layer without a bias gets one.
    """
    axis = op.scheme.weights_axis
    w, b = graph[op.inputs[1]], graph.operand(op, 2)
    real = w.values.astype(np.float64)
    channels = w.shape[axis]
    bias = np.zeros(channels) if b is None or b.data is None else b.data.astype(np.float64).reshape(-1)
    scales = weight_scales(real, bias, axis, x.scale, per_channel)
    shape = [-1 if i == axis else 1 for i in range(real.ndim)]
    codes = np.clip(np.rint(real / scales.reshape(shape)), -127, 127)
    if mean is not None:
        bias = bias - _mean_shift(op, graph, mean, codes * scales.reshape(shape) - real)
    weights = replace(w, dtype="int8", quant=_quant(scales, axis, per_channel), data=codes.astype(np.int8))
    name = f"{op.outputs[0]}_bias"
    plain = b or Tensor(name, (channels,), "float32", label=name)
    return weights, _quantized_bias(plain, bias, scales, x, per_channel)


def _quantized_bias(tensor: Tensor, bias: Array, scales: Array, x: Tensor, per_channel: bool) -> Tensor:
    """`bias` in the scales of the products of input and weights, as wide as their sums."""
    dtype = "int32" if x.dtype == "int8" else "int64"
    products = (scales.astype(np.float32) * np.float32(x.scale)).astype(np.float64)
    codes = np.clip(np.rint(bias / products), -_ROOM * 2 + 1, _ROOM * 2 - 1).astype(dtype)
    return replace(tensor, shape=bias.shape, dtype=dtype, quant=_quant(products, 0, per_channel), data=codes)


def _quant(scales: Array, axis: int, per_channel: bool) -> Quant:
    if not per_channel or len(scales) == 1:
        return Quant((float(scales[0]),), (0,))
    return Quant(tuple(float(s) for s in scales), (0,) * len(scales), axis)


def weight_scales(real: Array, bias: Array, axis: int, input_scale: float, per_channel: bool) -> Array:
    """A float32 scale for each channel: the largest weight is 127, unless the bias would then not fit its 32 bits.

    A channel of zeros gets the largest scale among the others.
    """
    largest = np.abs(real).max(axis=tuple(i for i in range(real.ndim) if i != axis))
    if not per_channel:
        largest = np.full_like(largest, largest.max())
    scales = np.maximum(largest / 127, np.abs(bias) / (input_scale * _ROOM))
    usual = scales.max() if scales.max() > 0 else 1.0
    if not per_channel:
        scales = np.full_like(scales, usual)
    scales = np.where(largest > 0, scales, usual)
    return np.asarray(np.maximum(scales, 1e-29).astype(np.float32).astype(np.float64))


def _mean_shift(op: Op, graph: Graph, mean: Array, error: Array) -> Array:
    """How far wrong weights move each channel's output on average: the layer is linear, so of the mean input."""
    x, w = (graph[name].name for name in op.inputs[:2])
    plain = op.changed(inputs=(x, w), activation=Activation.NONE)  # all layers with weights have one
    values = {x: mean.astype(np.float32), w: error.astype(np.float32)}
    (shift,) = plain.evaluate(graph, values, "double")
    return np.asarray(shift.reshape(-1, shift.shape[-1]).mean(axis=0, dtype=np.float64))
