"""What convolutions and dense layers share: their types, the bounds of their sums, and how sums become outputs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum, auto

import numpy as np

from aot.graph.fixedpoint import (
    PRODUCT_ROUNDINGS,
    Array,
    Multiplier,
    requantize,
    requantize_float,
    requantize_real,
    requantize_upwards,
    requantize_wide,
)
from aot.graph.ir import Graph, Op, Tensor, Unsupported
from aot.ops.common import Activation, clamp, require, require_activation, require_quantized, require_types
from aot.ops.reals import clamp_real, sums_of_products

Operands = tuple[Tensor, Tensor, Tensor | None, Tensor]  # input, weights, bias, output

_BIASES = {"int8": ("int32",), "int16": ("int64", "int32"), "float32": ("float32",)}
# (int16: weights of old uint8 models, less their zero point)
_WEIGHTS = {"int8": ("int8", "int16"), "int16": ("int8",), "float32": ("float32",)}
_WIDEST = 2**47  # what accumulators of 64 bits may reach: their product with a multiplier of 15 bits is below 2**63
_MAX_SCALE = 1e30
_LARGEST_COPY = 1 << 22  # elements of overlapping windows that are laid out side by side at once


def require_dense(graph: Graph, op: Op, x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, channel_axis: int) -> None:
    """Types, weights and bias of a convolution or dense layer, and no sum that overflows."""
    combinations = [
        (x_type, w_type, *((bias,) if b else ()), x_type)
        for x_type, biases in _BIASES.items()
        for w_type in _WEIGHTS[x_type]
        for bias in (biases if b else biases[:1])
    ]
    given = op.outputs[:1]
    named = replace(op, inputs=tuple(t.name for t in (x, w, b) if t is not None), outputs=given)
    require_types(graph, named, *combinations)
    _require_constants(w, b, channel_axis)
    if x.dtype != "float32":
        _require_scales(x, w, y, channel_axis)
        require_activation(getattr(op, "activation", Activation.NONE), y)
        _require_room(x, w, b, y, channel_axis)


def _require_constants(w: Tensor, b: Tensor | None, channel_axis: int) -> None:
    require(w.constant, f"%{w.name} (weights) is not constant")
    require(b is None or b.constant, f"%{b.name if b else ''} (bias) is not constant")
    channels = w.shape[channel_axis]
    if b is not None:
        require(b.elements == channels, f"%{b.name} (bias) has {b.elements} elements for {channels} channels")


def _require_scales(x: Tensor, w: Tensor, y: Tensor, channel_axis: int) -> None:
    """Symmetric weights, per tensor or along `channel_axis`; symmetric activations too where they are int16."""
    require_quantized(x, y)
    channels = w.shape[channel_axis]
    quant = w.quantization
    require(all(z == 0 for z in quant.zero_point), f"%{w.name} (weights) has a zero point that is not 0")
    if quant.per_channel:
        require(len(quant.scale) == channels, f"%{w.name} has {len(quant.scale)} scales for {channels} channels")
        require(quant.axis == channel_axis, f"%{w.name} is quantized along axis {quant.axis}, not {channel_axis}")
    require(x.scale * max(quant.scale) < _MAX_SCALE, f"%{w.name} (weights) has a scale that is too large")
    require_symmetric(x, y)


def require_symmetric(*tensors: Tensor) -> None:
    """int16 tensors have zero point 0."""
    for t in tensors:
        if t.dtype == "int16":
            require(t.zero_point == 0, f"%{t.name} is int16 with zero point {t.zero_point}; supported: 0")


def _require_room(x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, channel_axis: int) -> None:
    """No accumulator leaves its 32 or 64 bits, also after the left shift of a multiplier above 1: nothing wraps."""
    scales = output_scales(x, w, y)
    wide = is_wide(x, b)
    require(
        bool(np.all(scales < (2**7 if wide else 2**30))),
        f"%{y.name} has scale {y.scale:g}, too small for the input and weights",
    )
    bound = accumulator_bound(x, w, b, channel_axis)
    if wide:
        small = bool(np.all(bound < _WIDEST)) and bool(np.all(bound * scales < 2.0**31 - 1))
        require(small, f"%{y.name} overflows its accumulator for some inputs")
        return
    # The product is taken in Python's integers: a hostile bias may be as large as 64 bits allow.
    shifts = np.broadcast_to(np.maximum(Multiplier.of(scales).shift, 0), bound.shape)
    fits = all(int(value) << int(shift) < 2**31 for value, shift in zip(bound, shifts, strict=True))
    require(fits, f"%{y.name} overflows a 32-bit accumulator for some inputs")


def is_wide(x: Tensor, b: Tensor | None) -> bool:
    """Whether TensorFlow Lite sums in 64 bits: int16 inputs, unless the bias has 32 bits."""
    return x.dtype == "int16" and (b is None or b.dtype == "int64")


class Requantization(Enum):
    """How the sums of a layer become its output's integers."""

    FIXED = auto()  # a multiplier of 31 bits, in the rounding that was asked for
    FLOAT = auto()  # a float32 product
    WIDE = auto()  # a multiplier of 15 bits for sums of 64
    REAL = auto()  # a float64 product
    UPWARDS = auto()  # a multiplier of 31 bits, rounded twice, the second time ties upwards


def requantization(x: Tensor, w: Tensor, b: Tensor | None, y: Tensor, rounding: str) -> Requantization:
    """That of a layer of integers. In `float`, dense layers of int16, whose weights are matrices, are LiteRT's."""
    if rounding in PRODUCT_ROUNDINGS and x.dtype == "int8":
        return Requantization.FLOAT
    if rounding == "float" and x.dtype == "int16" and len(w.shape) == 2:
        narrow = (b is None or b.dtype == "int32") and _fits_32_bits(x, w, b, y)
        return Requantization.UPWARDS if narrow else Requantization.REAL
    return Requantization.WIDE if is_wide(x, b) else Requantization.FIXED


def _fits_32_bits(x: Tensor, w: Tensor, b: Tensor | None, y: Tensor) -> bool:
    """Whether no sum of a dense layer leaves 32 bits, also after the left shift of a multiplier above 1."""
    left = np.maximum(Multiplier.of(output_scales_optimized(x, w, y)).shift, 0)
    return bool(np.all(accumulator_bound(x, w, b, 0) * 2.0**left < 2**31))


def accumulator_bound(x: Tensor, w: Tensor, b: Tensor | None, channel_axis: int) -> Array:
    """The largest magnitude that each channel's sum, or any part of it, can reach for any input; int64."""
    others = tuple(i for i in range(len(w.shape)) if i != channel_axis)
    weight = np.abs(w.values.astype(np.int64)).sum(axis=others)
    info = np.iinfo(x.dtype)
    largest = max(x.zero_point - int(info.min), int(info.max) - x.zero_point)
    bias = np.zeros(len(weight), np.int64) if b is None or b.data is None else b.data.astype(np.int64).reshape(-1)
    limited = np.minimum(np.abs(np.maximum(bias, -(2**62))), 2**62)
    return np.asarray(weight * largest + limited, np.int64)


def output_scales(x: Tensor, w: Tensor, y: Tensor) -> Array:
    """The real scales from accumulator to output, one or one per channel: double, in TensorFlow Lite's order."""
    return np.float64(x.scale) * np.array(w.quantization.scale, np.float64) / np.float64(y.scale)


def output_scales_optimized(x: Tensor, w: Tensor, y: Tensor) -> Array:
    """The same as LiteRT's optimized kernels have it: of one scale, the product of the first two is float32."""
    if w.quantization.per_channel:
        return output_scales(x, w, y)
    product = np.float32(x.scale) * np.array(w.quantization.scale, np.float32)
    return np.asarray(product.astype(np.float64) / np.float64(y.scale))


def output_scales_float(x: Tensor, w: Tensor, y: Tensor) -> Array:
    """The same in float32 and in XNNPACK's order."""
    return np.float32(x.scale) * np.array(w.quantization.scale, np.float32) / np.float32(y.scale)


def finish(acc: Array, operands: Operands, values: Mapping[str, Array], activation: Activation, rounding: str) -> Array:
    """Sums, channels last, and the bias to the values of the output."""
    x, w, b, y = operands
    if b is not None:
        acc = acc + values[b.name].reshape(-1)
    if y.dtype == "float32":
        return clamp_real(acc, activation)
    steps = _requantized(acc, x, w, y, requantization(*operands, rounding), rounding)
    return clamp(steps + y.zero_point, activation, y, rounding)


def _requantized(acc: Array, x: Tensor, w: Tensor, y: Tensor, way: Requantization, rounding: str) -> Array:
    match way:
        case Requantization.WIDE:
            return requantize_wide(acc, Multiplier.of(output_scales(x, w, y)))
        case Requantization.FLOAT:
            return requantize_float(acc, output_scales_float(x, w, y))
        case Requantization.REAL:
            return requantize_real(acc, output_scales(x, w, y))
        case Requantization.UPWARDS:
            return requantize_upwards(acc, Multiplier.of(output_scales_optimized(x, w, y)))
        case Requantization.FIXED:
            return requantize(acc, Multiplier.of(output_scales(x, w, y), rounding), rounding)


def centred(x: Tensor, value: Array) -> Array:
    """Values less their zero point: float64, which holds all sums here exactly; or float32 as it is."""
    return value if x.dtype == "float32" else value.astype(np.float64) - x.zero_point


def matrix_product(rows: Array, filters: Array) -> Array:
    """rows @ filters.T: in order for float32; for integers, float64 brings the matrix product of numpy's BLAS."""
    if rows.dtype == np.float32:
        return sums_of_products(rows, filters)
    return np.asarray((rows @ filters.T.astype(np.float64)).astype(np.int64))


def window_products(places: Array, filters: Array) -> Array:
    """Each place's window times each of `filters` [channels, taps], some rows of places at a time."""
    depth = filters.shape[1]
    rows = max(1, _LARGEST_COPY // (places.shape[2] * depth))

    def parts() -> Iterator[Array]:
        for image in places:
            for i in range(0, len(image), rows):
                yield matrix_product(image[i : i + rows].reshape(-1, depth), filters)

    return np.concatenate(list(parts())).reshape(*places.shape[:3], -1)


def require_groups(x: Tensor, w: Tensor) -> int:
    """How many groups of channels a convolution with OHWI weights has."""
    if x.shape[3] % w.shape[3] or w.shape[0] % (x.shape[3] // w.shape[3]):
        raise Unsupported(f"{x.shape[3]} input channels, {w.shape[0]} filters for {w.shape[3]} each: no whole groups")
    return x.shape[3] // w.shape[3]
