"""What several operators share: checks on types, activations, scales and windows."""

import math
from enum import Enum

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, round_half_away
from aot.graph.ir import Graph, Op, Quant, Scheme, Tensor, Unsupported

OWN_RANGES = Scheme("own")
SHARED_RANGE = Scheme("shared")
SHARED_INT8 = Scheme("shared", types=("int8",))  # of operators whose int16 LiteRT lacks

Pads = tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))


class Activation(Enum):
    """The functions that TensorFlow Lite fuses into an operator's output; the value is (low, high) in reals."""

    NONE = (None, None)
    RELU = (0.0, None)
    RELU6 = (0.0, 6.0)
    RELU_N1_TO_1 = (-1.0, 1.0)
    RELU_0_TO_1 = (0.0, 1.0)  # an operator, never fused: the file has no code for it

    def __str__(self) -> str:
        return self.name


def weights_scheme(channel_axis: int) -> Scheme:
    """Of convolutions and dense layers."""
    return Scheme("own", channel_axis)


def fixed_scheme(int8: tuple[float, int], int16: tuple[float, int]) -> Scheme:
    """Of functions whose outputs have a scale and zero point of their own, whatever the input."""
    return Scheme("own", None, {t: Quant((s,), (z,)) for t, (s, z) in (("int8", int8), ("int16", int16))})


def quantized(real: float, tensor: Tensor, rounding: str) -> int:
    """The integer that stands for `real` in `tensor`, rounded as TensorFlow Lite rounds an activation's bounds."""
    steps = float(np.float32(real) / np.float32(tensor.scale))
    return tensor.zero_point + (round(steps) if rounding == "onnx" else round_half_away(steps))


def clamp_range(activation: Activation, tensor: Tensor, rounding: str = "double") -> tuple[int, int]:
    """The integers that `activation` leaves possible in `tensor`; rounding `onnx` rounds its bounds to even."""
    info = np.iinfo(tensor.dtype)
    low, high = activation.value
    return (
        int(info.min) if low is None else max(int(info.min), quantized(low, tensor, rounding)),
        int(info.max) if high is None else min(int(info.max), quantized(high, tensor, rounding)),
    )


def clamp(values: Array, activation: Activation, tensor: Tensor, rounding: str = "double") -> Array:
    """`values` limited to what `activation` and the type of `tensor` allow, in that type."""
    if tensor.dtype == "float32":
        low, high = activation.value
        return np.clip(values, low, high).astype(np.float32) if activation is not Activation.NONE else values
    # Not np.clip(): where the bounds cross (6.0 below the lowest code), TensorFlow Lite lets the upper one win.
    low_q, high_q = clamp_range(activation, tensor, rounding)
    return np.minimum(np.maximum(values, low_q), high_q).astype(tensor.dtype)


def clamp_real(values: Array, activation: Activation) -> Array:
    """`values`, which are not quantized, limited to what `activation` allows; not-a-number stays."""
    low, high = (None if v is None else values.dtype.type(v) for v in activation.value)
    raised = values if low is None else np.where(values < low, low, values)
    return np.asarray(raised if high is None else np.where(raised > high, high, raised))


def require(condition: bool, reason: str) -> None:
    """Raise Unsupported with `reason` unless `condition` holds."""
    if not condition:
        raise Unsupported(reason)


_MAX_RANK = 6  # what TensorFlow Lite's kernels reach
_MIN_SCALE, _MAX_SCALE = 1e-30, 1e30
NEAR = 1e-3  # how far a fixed scale may be off, by its size, where TensorFlow Lite does not want the very same
_POWER_TOLERANCE = 1e-3
QUANTIZED_TYPES = ("int8", "uint8", "int16")


def require_operands(graph: Graph, op: Op, least: int, most: int | None = None, outputs: int = 1) -> None:
    """`least` to `most` inputs (without `most`: exactly `least`), the first `least` not left out; `outputs` outputs."""
    most = least if most is None else most
    given = len(op.inputs)
    require(least <= given <= most, f"{given} inputs; supported: {least if least == most else f'{least} to {most}'}")
    require(None not in op.inputs[:least], f"input {(*op.inputs, None).index(None)} is missing")
    require(len(op.outputs) == outputs, f"{len(op.outputs)} outputs; supported: {outputs}")
    for name in (*op.inputs, *op.outputs):
        rank = 0 if name is None else len(graph[name].shape)
        require(rank <= _MAX_RANK, f"%{name} has {rank} dimensions; supported: up to {_MAX_RANK}")


def require_types(graph: Graph, op: Op, *combinations: tuple[str, ...]) -> None:
    """The types of all operands, inputs then outputs (absent ones left out), must be one of `combinations`."""
    names = [name for name in (*op.inputs, *op.outputs) if name is not None]
    types = tuple(graph[name].dtype for name in names)
    options = " or ".join(", ".join(c) for c in combinations)
    require(types in combinations, f"types {', '.join(types)}; supported: {options}")


def require_quantized(*tensors: Tensor) -> None:
    """Each must have a per-tensor scale (a sane one: no product of two overflows) and a zero point its type holds."""
    require_per_tensor(*tensors)
    for tensor in tensors:
        require(_MIN_SCALE < tensor.scale < _MAX_SCALE, f"%{tensor.name} has scale {tensor.scale:g}")
        info = np.iinfo(tensor.dtype)
        require(info.min <= tensor.zero_point <= info.max, f"%{tensor.name} has zero point {tensor.zero_point}")


def require_per_tensor(*tensors: Tensor) -> None:
    """Those that are quantized must have one scale."""
    for tensor in tensors:
        several = tensor.quant is not None and tensor.quant.per_channel
        require(not several, f"%{tensor.name} is quantized per channel; supported: per tensor")


def require_fixed(y: Tensor, scale: float, zero_point: int, tolerance: float = 0.0) -> None:
    """The output must have this scale, or one that differs by `tolerance` of it, and this zero point."""
    fits = abs(y.scale - scale) <= tolerance * scale and y.zero_point == zero_point
    wanted = f"scale 1/{round(1 / scale)} and zero point {zero_point}"
    require(fits, f"%{y.name} must have {wanted}; it has {y.quant}")


def near_power_of_two(scale: float) -> int | None:
    """The power of two that a scale is, as near as TensorFlow Lite asks; None for other scales."""
    power = float(np.log2(scale))
    return round(power) if abs(power - round(power)) < _POWER_TOLERANCE else None


def require_same_quant(a: Tensor, b: Tensor) -> None:
    """Operators that only move values keep scale and zero point."""
    require(a.quant == b.quant, f"%{a.name} and %{b.name} differ in scale or zero point")


def require_moved(x: Tensor, y: Tensor) -> None:
    """Operators that only move values keep the type and, where it is a quantized one, scale and zero point."""
    require(x.dtype == y.dtype, f"%{x.name} is {x.dtype} but %{y.name} is {y.dtype}")
    if y.dtype in QUANTIZED_TYPES:
        require_same_quant(x, y)


def require_activation(activation: Activation, y: Tensor) -> None:
    """The activation's bounds must have codes that 32 bits hold."""
    if y.dtype == "float32":
        return
    for real in activation.value:
        require(abs(real or 0) / y.scale < 2**30, f"%{y.name} has scale {y.scale:g}, too small for {activation}")


def require_ratio(x: Tensor, y: Tensor) -> None:
    """Between quantized tensors, (x - zero_point) * 2**shift must fit 32 bits."""
    largest = {"int8": 2**20, "uint8": 2**20, "int16": 2**13, "int32": 1}[x.dtype]
    require(x.scale / y.scale < largest, f"the scales of %{x.name} and %{y.name} are too far apart")


def float_ratio(x: Tensor, y: Tensor) -> float:
    """The ratio of two scales where TensorFlow Lite divides in float32."""
    return float(np.float32(x.scale) / np.float32(y.scale))


def broadcast_shape(a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The shape that numpy and TensorFlow Lite give to an elementwise result."""
    try:
        return np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise Unsupported(
            f"%{a.name} of shape {list(a.shape)} and %{b.name} of shape {list(b.shape)} do not broadcast"
        ) from None


class WrongShape(Unsupported):
    """The tensor of this name should have another `shape`: the one that what is known of the operator leaves."""

    def __init__(self, tensor: Tensor, shape: tuple[int, ...]) -> None:
        super().__init__(f"%{tensor.name} has shape {list(tensor.shape)}; expected {list(shape)}")
        self.tensor, self.shape = tensor.name, shape


def require_shape(tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Raise WrongShape unless the tensor has this shape. Of outputs, that is how free dimensions become known."""
    if tensor.shape != shape:
        raise WrongShape(tensor, shape)


def rescale(q: Array, x: Tensor, ratio: float, rounding: str) -> Array:
    """The integers `q` of `x`, less its zero point, times `ratio`."""
    return requantize(q.astype(np.int64) - x.zero_point, Multiplier.of(ratio, rounding), rounding).reshape(q.shape)


def exp_float32(x: float) -> np.float32:
    """exp() of a float32, correctly rounded to float32 in all but the rarest of cases; infinite when too large."""
    with np.errstate(over="ignore"):
        return np.float32(math.exp(min(x, 100.0)))


_MAX_PADDED = 1 << 22  # elements; only a damaged file asks for more


def require_window(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int], pads: Pads
) -> None:
    """A window over NHWC `x`: positive steps, padding that is not absurd."""
    require(len(x.shape) == 4, f"%{x.name} has {len(x.shape)} dimensions; supported: 4")
    steps = (*kernel, *stride, *dilation)
    require(min(steps) >= 1, f"kernel {kernel}, stride {stride}, dilation {dilation}; each must be positive")
    require(min(*pads[0], *pads[1]) >= 0, f"negative padding in {pads}")
    padded = x.shape[0] * (x.shape[1] + sum(pads[0])) * (x.shape[2] + sum(pads[1])) * x.shape[3]
    require(padded <= _MAX_PADDED, f"%{x.name} padded by {pads} has {padded} elements")


def out_size(size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> int:
    """How many places a window has along one axis."""
    return (size + sum(pads) - ((kernel - 1) * dilation + 1)) // stride + 1


def same_pads(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME along one axis: ceil(size / stride) places, the smaller half of what is missing before."""
    places = -(-size // stride)
    missing = max((places - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return missing // 2, missing - missing // 2


def windows(x: Array, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]) -> Array:
    """A view of NHWC `x` (already padded) as [N, out_h, out_w, kernel_h, kernel_w, C]."""
    n, h, w, c = x.shape
    out_h = out_size(h, kernel[0], stride[0], dilation[0], (0, 0))
    out_w = out_size(w, kernel[1], stride[1], dilation[1], (0, 0))
    sn, sh, sw, sc = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (n, out_h, out_w, *kernel, c),
        (sn, sh * stride[0], sw * stride[1], sh * dilation[0], sw * dilation[1], sc),
        writeable=False,
    )


def pad_spatial(x: Array, pads: Pads, value: float) -> Array:
    """NHWC `x` with `pads` rows and columns of `value` around it (negative pads are not made)."""
    return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)
