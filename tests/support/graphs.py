"""Seeded graphs of one operator each, with ordinary and with ugly shapes, scales and zero points."""

from collections.abc import Callable
from typing import Any

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.add import Add
from aot.ops.common import Activation, Pads, out_size, same_pads
from aot.ops.concatenation import Concatenation
from aot.ops.conv2d import Conv2D
from aot.ops.depthwise_conv2d import DepthwiseConv2D
from aot.ops.fully_connected import FullyConnected
from aot.ops.mean import Mean
from aot.ops.pad import Pad
from aot.ops.pool2d import AveragePool2D, MaxPool2D
from aot.ops.relu import Relu, Relu6
from aot.ops.reshape import Reshape
from aot.ops.sigmoid import Logistic
from aot.ops.softmax import Softmax
from aot.ops.transpose import Transpose

Rng = np.random.Generator
PROBABILITY = Quant((1 / 256,), (-128,))  # what Softmax and Logistic give
_SIZES = (1, 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17)
_FIXED_SCALES = (1.0, 0.99999994, 1.0000001, 0.5, 1 / 256, 1 / 255, 1e-7, 3.7, 117.0)


def size(rng: Rng, largest: int = 17) -> int:
    """A dimension: often 1, often a prime."""
    return min(int(rng.choice(_SIZES)), largest)


def shape(rng: Rng, rank: int, largest: int = 9) -> tuple[int, ...]:
    """`rank` dimensions."""
    return tuple(size(rng, largest) for _ in range(rank))


def scale(rng: Rng) -> float:
    """A float32 scale: mostly as trained models have it, at times a special one."""
    value = rng.choice(_FIXED_SCALES) if rng.random() < 0.3 else 10 ** rng.uniform(-4, -0.5)
    return float(np.float32(value))


def zero_point(rng: Rng) -> int:
    """Often one of the ends or zero."""
    return int(rng.choice([-128, 127, 0, -1, int(rng.integers(-128, 128))]))


def quant(rng: Rng) -> Quant:
    """Per-tensor parameters."""
    return Quant((scale(rng),), (zero_point(rng),))


def near(rng: Rng, x: Quant) -> Quant:
    """Parameters for the output of an operator that may rescale: the scales a factor of up to about 100 apart.

    One factor in five brings some input within float32's precision of a tie, one is just beside a power of two.
    """
    almost_tie = 2 * int(rng.integers(1, 128)) / (2 * int(rng.integers(0, 60)) + 1)
    beside = float(rng.choice([0.5, 1, 2])) * (1 + 2.0 ** -int(rng.integers(15, 23)))
    factor = rng.choice([1.0, float(rng.choice([0.5, 2.0])), almost_tie, beside, 10 ** rng.uniform(-2, 2)])
    return Quant((float(np.float32(x.scale[0] * factor)),), (int(rng.choice([x.zero_point[0], zero_point(rng)])),))


def activation(rng: Rng) -> Activation:
    """Any fused activation."""
    return Activation[str(rng.choice([a.name for a in Activation if a is not Activation.RELU_0_TO_1]))]


def codes(rng: Rng, dims: tuple[int, ...]) -> Array:
    """int8 values: uniform, or all at one end so that sums are as large as can be."""
    kind = rng.random()
    if kind < 0.1:
        return np.full(dims, rng.choice([-128, 127]), np.int8)
    if kind < 0.2:
        return rng.choice(np.array([-128, 127], np.int8), dims)
    return rng.integers(-128, 128, dims).astype(np.int8)


_ENDS = [sign * 2.0**bits for sign in (-1, 1) for bits in (7, 8, 15, 16, 31, 63)]
_REALS = np.float32([0.0, -0.0, 0.5, -0.5, np.nan, np.inf, -np.inf, 1e-40, *_ENDS, *np.nextafter(np.float32(_ENDS), 0)])


def values(rng: Rng, tensor: Tensor) -> Array:
    """A random value for an input; reals cover what an int8 output of scale 0.1 can hold, and ties."""
    if tensor.dtype == "bool":
        return rng.integers(0, 2, tensor.shape).astype(bool)
    if tensor.dtype == "uint8" and tensor.shape == (256,):
        return np.arange(256, dtype=np.uint8)
    if tensor.dtype in ("uint8", "int16", "int32", "int64"):
        return integers(rng, tensor)
    if tensor.dtype == "int8":
        return np.arange(-128, 128, dtype=np.int8) if tensor.shape == (256,) else codes(rng, tensor.shape)
    if tensor.name == "wide":
        return np.resize(rng.permutation(_REALS), tensor.shape).astype(tensor.dtype)
    if tensor.name == "unit":
        return rng.uniform(-1, 1, tensor.shape).astype(tensor.dtype)
    return (np.round(rng.uniform(-300, 300, tensor.shape)) / 20).astype(tensor.dtype)


def integers(rng: Rng, tensor: Tensor) -> Array:
    """Any integers, or small ones, and at times the ends of the type."""
    if tensor.name.startswith("dims"):
        return rng.choice(np.array([1, 1, 2, 5], tensor.dtype), tensor.shape)
    info = np.iinfo(tensor.dtype)
    low, high = (info.min, info.max) if rng.random() < 0.5 else (max(info.min, -9), 9)
    drawn = rng.integers(low, high, tensor.shape, tensor.dtype, endpoint=True)
    drawn = np.where(rng.random(tensor.shape) < 0.05, rng.choice([info.min, info.max]), drawn).astype(tensor.dtype)
    return np.maximum(drawn, 0) if tensor.name == "positive" else drawn


def graph_of(op: type[Op], inputs: list[Tensor | None], y: Tensor, **attributes: Any) -> Graph:
    """A graph that is one operator; `inputs` without data are the graph's."""
    present = [t for t in inputs if t is not None]
    names = tuple(None if t is None else t.name for t in inputs)
    node = op(name=y.name, inputs=names, outputs=(y.name,), **attributes)
    free = tuple(dict.fromkeys(t.name for t in present if not t.constant))
    graph = Graph("net", {t.name: t for t in (*present, y)}, (node,), free, (y.name,))
    graph.check()
    return graph


def int8(name: str, dims: tuple[int, ...], q: Quant, data: Array | None = None) -> Tensor:
    """An int8 tensor."""
    return Tensor(name, dims, "int8", q, data)


def _weights(rng: Rng, dims: tuple[int, ...], channel_axis: int, symmetric_scales: bool) -> Tensor:
    channels = dims[channel_axis]
    count = channels if symmetric_scales and channels > 1 else 1
    scales = tuple(float(np.float32(10 ** rng.uniform(-3.5, -1.5))) for _ in range(count))
    data = np.maximum(codes(rng, dims), -127)
    if rng.random() < 0.4:  # small sums, whose scale to the output is near 1: there the roundings differ most
        data = np.sign(data)
    if rng.random() < 0.3:  # exact ties
        scales = tuple(float(2.0 ** rng.integers(-9, -5)) for _ in range(count))
    if rng.random() < 0.2:  # pruned channels are common in real models
        data[..., 0] = 0
    return int8("w", dims, Quant(scales, (0,) * count, channel_axis if count > 1 else None), data)


def _dense_parts(rng: Rng, x: Tensor, w: Tensor, channels: int, optional: bool = True) -> tuple[Tensor | None, Quant]:
    """A bias (or none), and the output's parameters: a multiplier around the usual, or far below, or above 1."""
    assert x.quant is not None and w.quant is not None and w.data is not None
    depth = w.elements // channels
    spread = x.scale * max(w.quant.scale) * np.sqrt(depth) * 100
    factor = rng.choice([1.0, 1.0, 1.0, 0.01, 50.0])
    y = Quant((float(np.float32(spread * factor * rng.uniform(0.5, 2))),), (zero_point(rng),))
    if np.all(np.abs(w.data) <= 1):
        factor = rng.choice([1.0, 2.0, 4.0, 8.0, rng.uniform(1, 30)])
        y = Quant((float(np.float32(x.scale * max(w.quant.scale) * factor)),), y.zero_point)
    if rng.random() < 0.1:  # a multiplier well above 1
        y = Quant((float(np.float32(x.scale * max(w.quant.scale) / rng.uniform(1, 20))),), y.zero_point)
    if optional and rng.random() < 0.2:
        return None, y
    bias = rng.integers(-50 * depth - 1, 50 * depth + 2, channels).astype(np.int32)
    scales = tuple(float(np.float32(x.scale * s)) for s in w.quant.scale)
    bias_quant = Quant(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)
    return Tensor("b", (channels,), "int32", bias_quant, bias), y


def _window(rng: Rng, dims: tuple[int, ...], dilated: bool) -> tuple[Any, Any, Any, Pads, tuple[int, int]]:
    """Kernel, stride, dilation, pads and output size that fit an NHWC input."""
    same = bool(rng.random() < 0.5)
    kernel = [min(int(rng.choice([1, 2, 3, 3, 5])), dims[1 + i]) for i in (0, 1)]
    stride = [int(rng.choice([1, 1, 2, 3])) for _ in (0, 1)]
    dilation = [int(rng.choice([1, 2])) if dilated and stride == [1, 1] else 1 for _ in (0, 1)]
    if not same:
        dilation = [d if (k - 1) * d < n else 1 for d, k, n in zip(dilation, kernel, dims[1:3], strict=True)]
    pads = [same_pads(dims[1 + i], kernel[i], stride[i], dilation[i]) if same else (0, 0) for i in (0, 1)]
    out = [out_size(dims[1 + i], kernel[i], stride[i], dilation[i], pads[i]) for i in (0, 1)]
    return tuple(kernel), tuple(stride), tuple(dilation), (pads[0], pads[1]), (out[0], out[1])


def conv2d(rng: Rng) -> Graph:
    """Any convolution; one in four is 1x1."""
    x = int8("x", (int(rng.choice([1, 1, 2, 3])), *shape(rng, 2, 11), size(rng)), quant(rng))
    kernel, stride, dilation, pads, out = _window(rng, x.shape, True)
    channels = size(rng)
    w = _weights(rng, (channels, *kernel, x.shape[3]), 0, bool(rng.random() < 0.7))
    bias, q = _dense_parts(rng, x, w, channels, optional=False)
    y = int8("y", (x.shape[0], *out, channels), q)
    attributes = {"stride": stride, "dilation": dilation, "padding": pads, "activation": activation(rng)}
    return graph_of(Conv2D, [x, w, bias], y, **attributes)  # LiteRT wants a bias here


def depthwise_conv2d(rng: Rng) -> Graph:
    """Any depth-wise convolution, with depth multipliers up to 3."""
    x = int8("x", (int(rng.choice([1, 1, 2, 3])), *shape(rng, 2, 11), size(rng)), quant(rng))
    kernel, stride, dilation, pads, out = _window(rng, x.shape, True)
    channels = x.shape[3] * int(rng.choice([1, 1, 1, 2, 3]))
    w = _weights(rng, (1, *kernel, channels), 3, bool(rng.random() < 0.7))
    bias, q = _dense_parts(rng, x, w, channels, optional=False)
    y = int8("y", (x.shape[0], *out, channels), q)
    attributes = {"stride": stride, "dilation": dilation, "padding": pads, "activation": activation(rng)}
    return graph_of(DepthwiseConv2D, [x, w, bias], y, **attributes)  # without a bias LiteRT crashes


def fully_connected(rng: Rng) -> Graph:
    """Dense layers of one or several rows, int8, per tensor or per channel."""
    rows, depth, units = size(rng, 4), int(rng.choice([1, 3, 16, 37, 64, 129, 257])), size(rng)
    x = int8("x", (rows, depth), quant(rng))
    w = _weights(rng, (units, depth), 0, bool(rng.random() < 0.4))
    bias, q = _dense_parts(rng, x, w, units)
    inputs = [x, w, bias] if bias else [x, w]
    return graph_of(FullyConnected, inputs, int8("y", (rows, units), q), activation=activation(rng))


def fully_connected_float(rng: Rng) -> Graph:
    """Dense layers in float32."""
    rows, depth, units = size(rng, 4), int(rng.choice([1, 3, 16, 37, 64, 129, 257])), size(rng)
    x = Tensor("x", (rows, depth), "float32")
    w = Tensor("w", (units, depth), "float32", data=rng.normal(size=(units, depth)).astype(np.float32))
    b = Tensor("b", (units,), "float32", data=rng.normal(size=units).astype(np.float32))
    y = Tensor("y", (rows, units), "float32")
    return graph_of(FullyConnected, [x, w, b] if rng.random() < 0.8 else [x, w], y, activation=activation(rng))


def add(rng: Rng) -> Graph:
    """Equal shapes, broadcasting of either operand, a constant operand."""
    dims = shape(rng, int(rng.integers(1, 5)))
    ones = tuple(1 if rng.random() < 0.5 else d for d in dims)[int(rng.integers(0, len(dims))) :]
    shapes = [dims, dims if rng.random() < 0.5 else ones]
    if rng.random() < 0.5:
        shapes.reverse()
    q = quant(rng)
    a, b = int8("a", shapes[0], q), int8("b", shapes[1], near(rng, q))
    if rng.random() < 0.2:
        b = int8("b", b.shape, near(rng, q), codes(rng, b.shape))
    return graph_of(Add, [a, b], int8("y", dims, near(rng, q)), activation=activation(rng))


def add_float(rng: Rng) -> Graph:
    """The same shape twice, in float32."""
    dims = shape(rng, int(rng.integers(1, 5)))
    a, b, y = (Tensor(name, dims, "float32") for name in "aby")
    return graph_of(Add, [a, b], y, activation=activation(rng))


def _pool2d(kind: type[Op]) -> Callable[[Rng], Graph]:
    def build(rng: Rng) -> Graph:
        q = quant(rng)
        x = int8("x", (int(rng.choice([1, 1, 2])), *shape(rng, 2, 13), size(rng)), q)
        kernel, stride, _, pads, out = _window(rng, x.shape, False)
        y = int8("y", (x.shape[0], *out, x.shape[3]), q)
        attributes = {"kernel": kernel, "stride": stride, "padding": pads, "activation": activation(rng)}
        return graph_of(kind, [x], y, **attributes)

    return build


def mean(rng: Rng) -> Graph:
    """Any axes, kept or not, equal or other scales; a third of the cases is the global mean of NHWC."""
    dims = shape(rng, int(rng.integers(1, 5)), 13)
    axes = tuple(sorted(int(a) for a in rng.permutation(len(dims))[: int(rng.integers(1, len(dims) + 1))]))
    keep = bool(rng.random() < 0.5)
    if rng.random() < 0.34:
        dims, axes = shape(rng, 4, 13), (1, 2)
    kept = tuple(1 if i in axes else d for i, d in enumerate(dims))
    out = kept if keep else tuple(d for i, d in enumerate(dims) if i not in axes)
    q = quant(rng)
    y = int8("y", out, q if rng.random() < 0.3 else near(rng, q))
    return graph_of(Mean, [int8("x", dims, q)], y, axes=axes, keep_dims=keep)


def pad(rng: Rng) -> Graph:
    """Paddings on any dimension."""
    dims, q = shape(rng, int(rng.integers(1, 5))), quant(rng)
    pads = tuple((int(rng.integers(0, 4)), int(rng.integers(0, 4))) for _ in dims)
    y = int8("y", tuple(d + sum(p) for d, p in zip(dims, pads, strict=True)), q)
    return graph_of(Pad, [int8("x", dims, q)], y, pads=pads)


def reshape(rng: Rng) -> Graph:
    """The dimensions in another order, as a shape."""
    dims, q = shape(rng, int(rng.integers(1, 5))), quant(rng)
    out = tuple(int(d) for d in rng.permutation(dims))
    return graph_of(Reshape, [int8("x", dims, q)], int8("y", (1, *out) if rng.random() < 0.3 else out, q))


def transpose(rng: Rng) -> Graph:
    """Any permutation."""
    dims, q = shape(rng, int(rng.integers(1, 5))), quant(rng)
    permutation = tuple(int(i) for i in rng.permutation(len(dims)))
    y = int8("y", tuple(dims[i] for i in permutation), q)
    return graph_of(Transpose, [int8("x", dims, q)], y, permutation=permutation)


def concatenation(rng: Rng) -> Graph:
    """One to four inputs along any axis."""
    dims, q = shape(rng, int(rng.integers(1, 5))), quant(rng)
    axis, count = int(rng.integers(0, len(dims))), int(rng.integers(1, 5))
    lengths = [size(rng, 9) for _ in range(count)]
    xs = [int8(f"x{i}", (*dims[:axis], n, *dims[axis + 1 :]), q) for i, n in enumerate(lengths)]
    y = int8("y", (*dims[:axis], sum(lengths), *dims[axis + 1 :]), q)
    return graph_of(Concatenation, [*xs], y, axis=axis)


def softmax(rng: Rng) -> Graph:
    """Rows of up to 300 classes."""
    dims = (*shape(rng, int(rng.integers(0, 3))), int(rng.choice([1, 2, 3, 10, 12, 101, 300])))
    x = int8("x", dims, Quant((float(np.float32(10 ** rng.uniform(-4, 0.5))),), (zero_point(rng),)))
    beta = 1.0 if rng.random() < 0.7 else float(np.float32(rng.uniform(0.1, 3)))
    return graph_of(Softmax, [x], int8("y", dims, PROBABILITY), beta=beta)


def _all_codes(rng: Rng) -> Tensor:
    """Every int8 value once: unary operators are tables."""
    return int8("x", (256,), quant(rng))


def logistic(rng: Rng) -> Graph:
    """All inputs, any scale."""
    return graph_of(Logistic, [_all_codes(rng)], int8("y", (256,), PROBABILITY))


def _relu(kind: type[Op]) -> Callable[[Rng], Graph]:
    def build(rng: Rng) -> Graph:
        x = _all_codes(rng)
        assert x.quant is not None
        return graph_of(kind, [x], int8("y", x.shape, near(rng, x.quant)))

    return build


def cut(graph: Graph, op: Op) -> Graph:
    """The graph that is `op` of `graph` alone."""
    names = dict.fromkeys(name for name in (*op.inputs, *op.outputs) if name is not None)
    free = tuple(name for name in names if name not in op.outputs and not graph[name].constant)
    return Graph("cut", {name: graph[name] for name in names}, (op,), free, op.outputs)


BUILDERS: dict[str, Callable[[Rng], Graph]] = {
    "Add": add,
    "Add float32": add_float,
    "AveragePool2D": _pool2d(AveragePool2D),
    "Concatenation": concatenation,
    "Conv2D": conv2d,
    "DepthwiseConv2D": depthwise_conv2d,
    "FullyConnected": fully_connected,
    "FullyConnected float32": fully_connected_float,
    "Logistic": logistic,
    "MaxPool2D": _pool2d(MaxPool2D),
    "Mean": mean,
    "Pad": pad,
    "Relu": _relu(Relu),
    "Relu6": _relu(Relu6),
    "Reshape": reshape,
    "Softmax": softmax,
    "Transpose": transpose,
}

from graphs_dense import DENSE  # noqa: E402 # a family that is built from the functions above

BUILDERS.update(DENSE)
# A family of operators adds its builders here; it needs the helpers above, so it can only be imported below them.
from graphs_convert import BUILDERS as _CONVERT  # noqa: E402
from graphs_indexing import BUILDERS as _INDEXING  # noqa: E402
from graphs_movement import BUILDERS as _MOVEMENT  # noqa: E402
from graphs_several import BUILDERS as _SEVERAL  # noqa: E402

BUILDERS |= _CONVERT | _MOVEMENT | _INDEXING | _SEVERAL
# A family of operators adds its builders here; it needs the helpers above, so it can only be imported below them.
from graphs_elementwise import BUILDERS as _ELEMENTWISE  # noqa: E402

BUILDERS |= _ELEMENTWISE

from graphs_recurrent import BUILDERS as _RECURRENT  # noqa: E402

BUILDERS |= _RECURRENT

from graphs_control import BUILDERS as _CONTROL  # noqa: E402

BUILDERS |= _CONTROL
