"""Nodes of random ONNX models that are layers: windows, products, reductions, normalizations, recurrences."""

from typing import Any

import numpy as np
from random_onnx import Growing, Maker

_REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare",
)  # fmt: skip
_GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}
_EQUATIONS = {
    2: ("ij,jk->ik", "ij,kj->ki", "ij,jk->"),
    3: ("bij,bjk->bik", "bij,bjk->ki", "bij,bkj->bki", "bij,bjk->ijk"),
}


def window(g: Growing, x: str, dilated: bool = True) -> dict[str, Any]:
    """Attributes of a window that fits the image or sequence."""
    size = g.shape(x)[2:]
    kernel = [g.whole(1, min(3, e)) for e in size]
    dilations = [g.whole(1, 2) if dilated and e > 2 * k else 1 for k, e in zip(kernel, size, strict=True)]
    found: dict[str, Any] = {"kernel_shape": kernel, "strides": [g.whole(1, 2) for _ in size]}
    if g.chance(0.3):
        found["auto_pad"] = g.one_of(("SAME_UPPER", "SAME_LOWER", "VALID"))
        return found
    if max(dilations) > 1:
        found["dilations"] = dilations
    return found | {
        "pads": [g.whole(0, (k - 1) * d // 2) for _ in range(2) for k, d in zip(kernel, dilations, strict=True)]
    }


def _biased(g: Growing, x: str, w: str, count: int) -> list[str]:
    return [x, w, *([g.bias(x, w, count)] if g.chance(0.6) else [])]


def convolution(g: Growing) -> None:
    x = g.pick((3, 4))
    channels, shape = g.shape(x)[1], window(g, x)
    group = g.one_of([d for d in (1, 1, 2, channels) if channels % d == 0])
    filters = group * g.whole(1, 3)
    w = g.weights(filters, channels // group, *shape["kernel_shape"])
    (y,) = g.add("Conv", _biased(g, x, w, filters), group=group, **shape)
    if g.chance(0.5):
        behind(g, y)


def behind(g: Growing, y: str) -> None:
    """What is folded into a layer, or fused with it."""
    kind = g.one_of(("Relu", "BatchNormalization", "Clip", "Add", "Mul"))
    if kind == "BatchNormalization":
        normalized_by_batch(g, y)
    elif kind == "Relu":
        g.add(kind, [y])
    elif kind == "Clip":
        g.add(kind, [y, g.constant(0.0), g.constant(6.0)])
    else:
        shape = (g.shape(y)[1], *(1 for _ in g.shape(y)[2:]))
        g.add(kind, [y, g.constant(g.reals(g.one_of((shape, (1, *shape), ()))))])


def normalized_by_batch(g: Growing, x: str | None = None) -> None:
    x = x or g.pick((2, 3, 4))
    count = g.shape(x)[1]
    parameters = [g.constant(g.reals((count,))) for _ in range(3)]
    g.add("BatchNormalization", [x, *parameters, g.constant(g.rng.uniform(0.2, 2, count))], epsilon=1e-3)


def transposed_convolution(g: Growing) -> None:
    x = g.pick((3, 4))
    size, channels = g.shape(x)[2:], g.shape(x)[1]
    kernel, stride = [g.whole(1, 3) for _ in size], [g.whole(1, 2) for _ in size]
    group = g.one_of([d for d in (1, 1, 2, channels) if channels % d == 0])
    filters = g.whole(1, 3)
    w = g.weights(channels, filters, *kernel, axis=1)
    more: dict[str, Any] = {"pads": [g.whole(0, (k - 1) // 2) for _ in range(2) for k in kernel]}
    if g.chance(0.3):
        more["output_padding"] = [g.whole(0, s - 1) for s in stride]
    if g.chance(0.2):
        more["dilations"] = [2 for _ in size]
    g.add("ConvTranspose", _biased(g, x, w, filters * group), kernel_shape=kernel, strides=stride, group=group, **more)


def pool(g: Growing) -> None:
    x = g.pick((3, 4))
    kind = g.one_of(("MaxPool", "AveragePool", "LpPool"))
    found = window(g, x, kind == "MaxPool")
    if kind == "AveragePool" and "pads" in found:
        found["count_include_pad"] = g.whole(0, 1)
    if kind != "LpPool" and "pads" in found and g.chance(0.3):
        found["ceil_mode"] = 1
    g.add(kind, [x], **found)


def whole_pool(g: Growing) -> None:
    g.add(g.one_of(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")), [g.pick((3, 4))])


def dense(g: Growing) -> None:
    x = g.pick((2,))
    depth, units = g.shape(x)[1], g.whole(1, 6)
    turned = g.whole(0, 1)
    w = g.weights(*((units, depth) if turned else (depth, units)), axis=1 - turned)
    bias = [g.bias(x, w, *g.one_of(((units,), (units,), (1, units), (1,), ())))] if g.chance(0.7) else []
    scales = {"alpha": 0.5, "beta": 2.0} if g.chance(0.2) else {}
    g.add("Gemm", [x, w, *bias], transB=turned, **scales)


def product(g: Growing) -> None:
    """With weights, or with another value."""
    x = g.pick((1, 2, 3, 4))
    depth = g.shape(x)[-1]
    fitting = [n for n, (v, _) in g.values.items() if v.dtype == np.float32 and v.ndim >= 2 and v.shape[-2] == depth]
    if fitting and g.chance(0.6):
        g.add("MatMul", [x, g.one_of(fitting)])
        return
    (y,) = g.add("MatMul", [x, g.weights(depth, g.whole(1, 5), axis=1)])
    if g.chance(0.5):
        g.add("Add", [y, g.constant(g.reals(g.shape(y)[-1:]))])


def einsum(g: Growing) -> None:
    x = g.pick((2, 3))
    equation = g.one_of(_EQUATIONS[len(g.shape(x))])
    left, right = equation.split("->")[0].split(",")
    extents = dict(zip(left, g.shape(x), strict=True))
    g.add("Einsum", [x, g.weights(*(extents.setdefault(c, 3) for c in right))], equation=equation)


def reduction(g: Growing) -> None:
    x, kind = g.pick(), g.one_of(_REDUCTIONS)
    axes = [i for i in range(len(g.shape(x))) if g.chance(0.4)] or [len(g.shape(x)) - 1]
    keep = {"keepdims": g.whole(0, 1)}
    if g.opset >= 18 or kind == "ReduceSum":
        g.add(kind, [x, g.integers(*axes)], **keep)
    else:
        g.add(kind, [x], axes=axes, **keep)


def softmax(g: Growing) -> None:
    x = g.pick()
    g.add(g.one_of(("Softmax", "LogSoftmax", "Softmax")), [x], axis=g.whole(-1, len(g.shape(x)) - 1))


def normalization(g: Growing) -> None:
    """By moments."""
    kind = g.one_of(("LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization"))
    x = g.pick((3, 4) if kind[0] in "IG" else (2, 3, 4))
    shape = g.shape(x)
    if kind[0] in "LR":
        g.need(g.opset >= (17 if kind[0] == "L" else 23))
        axis = g.whole(1, len(shape) - 1)
        _need_spread(g, x, int(np.prod(shape[:axis])))
        count = 2 if kind[0] == "L" and g.chance(0.6) else 1
        g.add(kind, [x, *(g.constant(g.reals(shape[axis:])) for _ in range(count))], axis=axis)
        return
    g.need(kind[0] == "I" or g.opset >= 21)
    groups = shape[1] if kind[0] == "I" else g.one_of([d for d in (1, 2, 3, shape[1]) if shape[1] % d == 0])
    _need_spread(g, x, shape[0] * groups)
    more = {"num_groups": groups} if kind[0] == "G" else {}
    g.add(kind, [x, *(g.constant(g.reals(shape[1:2])) for _ in range(2))], **more)


def _need_spread(g: Growing, x: str, sets: int) -> None:
    """Elements that are almost equal have a variance that is nothing but rounding."""
    g.need(float(g.value(x).reshape(sets, -1).std(1).min()) > 0.05)


def by_length(g: Growing) -> None:
    """Normalization by a norm, or by neighbouring channels."""
    x = g.pick((3, 4))
    if g.chance(0.5):
        g.add("LpNormalization", [x], axis=g.whole(0, len(g.shape(x)) - 1), p=g.whole(1, 2))
    else:
        g.add("LRN", [x], size=g.one_of((1, 3, 5)), alpha=0.01)


def recurrent(g: Growing) -> None:
    x, kind = g.pick((3,)), g.one_of(tuple(_GATES))
    steps, batches, depth = g.shape(x)
    g.need(steps <= 12)
    way = g.one_of(("forward", "reverse", "bidirectional"))
    ways, hidden, gates = 2 if way == "bidirectional" else 1, g.whole(1, 4), _GATES[kind]
    operands = [x, g.weights(ways, gates * hidden, depth), g.weights(ways, gates * hidden, hidden)]
    if g.chance(0.7):
        operands.append(g.weights(ways, 2 * gates * hidden))
        if g.chance(0.4):
            operands += ["", g.constant(g.reals((ways, batches, hidden)))]
    more = {"linear_before_reset": g.whole(0, 1)} if kind == "GRU" else {}
    g.add(kind, operands, 3 if kind == "LSTM" else 2, direction=way, hidden_size=hidden, **more)


def resized(g: Growing) -> None:
    x = g.pick((3, 4))
    mode, shape = g.one_of(("nearest", "linear", "linear", "cubic")), g.shape(x)
    g.need(len(shape) == 4 or mode != "cubic")
    by = g.one_of(("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"))
    sized = g.chance(0.5) or (mode, by) == ("cubic", "align_corners")  # by scales onnxruntime is not the standard
    more = {"nearest_mode": g.one_of(("floor", "ceil", "round_prefer_floor"))} if mode == "nearest" else {}
    if sized:
        sizes = g.integers(*shape[:2], *(g.whole(1, 8) for _ in shape[2:]))
        g.add("Resize", [x, "", "", sizes], mode=mode, coordinate_transformation_mode=by, **more)
    else:
        scales = g.constant([1, 1, *(g.one_of((2.0, 0.5, 1.5, 1.0)) for _ in shape[2:])])
        g.add("Resize", [x, "", scales], mode=mode, coordinate_transformation_mode=by, **more)


def attention(g: Growing) -> None:
    """By hand, as exporters of older opsets write it."""
    x = g.pick((3,))
    _, _, depth = g.shape(x)
    query, key, value = (g.add("MatMul", [x, g.weights(depth, 4)])[0] for _ in range(3))
    (turned,) = g.add("Transpose", [key], perm=[0, 2, 1])
    (scores,) = g.add("MatMul", [query, turned])
    (shares,) = g.add("Softmax", [scores], axis=-1)
    g.add("MatMul", [shares, value])


def whole_attention(g: Growing) -> None:
    g.need(g.opset >= 23)
    x = g.pick((3,))
    heads = g.one_of([d for d in (1, 2, 3) if g.shape(x)[2] % d == 0])
    g.add("Attention", [x, x, x], q_num_heads=heads, kv_num_heads=heads, is_causal=g.whole(0, 1))


MAKERS: tuple[Maker, ...] = (
    convolution, convolution, convolution, convolution, transposed_convolution, pool, pool, whole_pool, dense, dense,
    product, product, einsum, reduction, reduction, softmax, normalization, normalization, by_length,
    normalized_by_batch, recurrent, recurrent, resized, resized, attention, whole_attention,
)  # fmt: skip
