"""Attention: what is said of keys that are like a query."""

import math

import numpy as np

from aot.frontends.building import Value
from aot.frontends.building.elementwise import binary, scaled
from aot.frontends.building.reduction import along_last, reduced
from aot.frontends.keras.layers.common import as_real
from aot.frontends.keras.layers.dense import product
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.add import Add
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import require
from aot.ops.mul import Mul
from aot.ops.reduce import Sum
from aot.ops.sigmoid import Tanh
from aot.ops.softmax import Softmax

_FAR = -1e9  # what is added to scores that do not count
_MOST_SCORES = 1 << 20
_HEADS_FIRST = (0, 2, 1, 3)


def _projected(call: Call, x: Value, name: str, shape: tuple[int, ...], axes: int = 1, factor: float = 1.0) -> Value:
    """The product with the weights of one of the dense layers inside, times a factor."""
    weights = call.weights.inside("output_dense" if name == "attention_output" else f"{name}_dense", name)
    names = ("kernel", "bias") if call.layer.flag("use_bias", True) else ("kernel",)
    arrays = [np.asarray(data, np.float32) * np.float32(factor) for data in weights.take(*names)]
    w, *rest = [call.constant(data, f"{name}/{part}") for data, part in zip(arrays, names, strict=True)]
    require(w.shape[axes:] == shape, f"weights of {name} of shape {list(w.shape)}; expected {list(shape)} at the end")
    return product(call, x, w, rest[0] if rest else None, axes)


def _multiplied(call: Call, a: Value, b: Value, turned: bool) -> Value:
    """Products of matrices in the last two axes; b may be `turned` around."""
    build = call.build
    shape = (*a.shape[:-1], b.shape[-2] if turned else b.shape[-1])
    return build.emit(BatchMatMul, (build.stored(a), build.stored(b)), shape, adj_y=turned)


def _causal(call: Call, scores: Value) -> Value:
    """Scores of what comes later do not count."""
    rows, columns = scores.shape[-2:]
    require(rows * columns <= _MOST_SCORES, f"{rows} x {columns} scores")
    later = np.triu(np.full((rows, columns), _FAR, np.float32), 1)
    return binary(call, Add, scores, call.constant(later, "later"))


def _multi_head(call: Call) -> list[Value]:
    layer = call.layer
    query, value = as_real(call, call.argument(0, "query")), as_real(call, call.argument(1, "value"))
    key = call.argument(2, "key")
    key = value if key is None else as_real(call, key)
    for name in ("use_gate", "sliding_window"):
        require(not layer.config.get(name), name)
    require(call.argument(6, "attention_mask") is None, "an attention_mask that is computed")
    require({query.rank, value.rank, key.rank} == {3}, "inputs of other than 3 dimensions")
    heads, width = layer.integer("num_heads"), layer.integer("key_dim")
    depth = layer.integer("value_dim", width)
    require(min(heads, width, depth) >= 1, f"{heads} heads of {width} and {depth}")
    q = _projected(call, query, "query", (heads, width), factor=1 / math.sqrt(width)).transposed(_HEADS_FIRST)
    k = _projected(call, key, "key", (heads, width)).transposed(_HEADS_FIRST)
    v = _projected(call, value, "value", (heads, depth)).transposed(_HEADS_FIRST)
    scores = _multiplied(call, q, k, turned=True)
    shares = along_last(call, _causal(call, scores) if call.kwargs.get("use_causal_mask") else scores, Softmax, 3)
    found = _multiplied(call, shares, v, turned=False).transposed(_HEADS_FIRST)
    y = _projected(call, found, "attention_output", _output_shape(call, query), axes=2)
    return [y, shares] if call.kwargs.get("return_attention_scores") else [y]


def _output_shape(call: Call, query: Value) -> tuple[int, ...]:
    if not call.layer.has("output_shape"):
        return query.shape[-1:]
    given = call.layer.config["output_shape"]
    return call.layer.integers("output_shape", len(given) if isinstance(given, list) else 1)


def _single(call: Call, additive: bool) -> list[Value]:
    """Query, value and, where it is another one, key, as they are."""
    layer, values = call.layer, [as_real(call, v) for v in call.inputs]
    require(len(values) in (2, 3) and all(v.rank == 3 for v in values), "other than 2 or 3 inputs of 3 dimensions")
    query, value, key = values[0], values[1], values[-1] if len(values) == 3 else values[1]
    mode = "additive" if additive else layer.text("score_mode", "dot")
    require(mode in ("dot", "concat", "additive"), f"score_mode {mode}")
    names = [*(["scale"] if layer.flag("use_scale", additive) else []),
             *(["concat_score_weight"] if mode == "concat" else [])]  # fmt: skip
    learned = dict(zip(names, call.variables(*names), strict=True)) if names else {}
    scores = _dotted(call, query, key, learned) if mode == "dot" else _added(call, query, key, learned, additive)
    shares = along_last(call, _causal(call, scores) if call.kwargs.get("use_causal_mask") else scores, Softmax, 2)
    y = _multiplied(call, shares, value, turned=False)
    return [y, shares] if call.kwargs.get("return_attention_scores") else [y]


def _dotted(call: Call, query: Value, key: Value, learned: dict[str, Value]) -> Value:
    scores = _multiplied(call, query, key, turned=True)
    return binary(call, Mul, scores, learned["scale"]) if "scale" in learned else scores


def _added(call: Call, query: Value, key: Value, learned: dict[str, Value], additive: bool) -> Value:
    """Sums over tanh(query + key), each element times a scale, outside of the function or in it."""
    build = call.build
    if query.shape[1] * key.shape[1] > _MOST_SCORES:
        raise Unsupported(f"{query.shape[1]} x {key.shape[1]} scores")
    q = build.reshape(query, (query.shape[0], query.shape[1], 1, query.shape[2]))
    k = build.reshape(key, (key.shape[0], 1, *key.shape[1:]))
    total, scale = binary(call, Add, q, k), learned.get("scale")
    total = binary(call, Mul, total, scale) if scale is not None and not additive else total
    curve = build.like(total, Tanh)
    curve = binary(call, Mul, curve, scale) if scale is not None and additive else curve
    scores = reduced(call, curve, Sum, (3,), keep=False)
    weight = learned.get("concat_score_weight")
    return scores if weight is None else scaled(call, scores, float(weight.array.reshape(())))


READERS: dict[str, Reader] = {
    "AdditiveAttention": lambda call: _single(call, additive=True),
    "Attention": lambda call: _single(call, additive=False),
    "MultiHeadAttention": _multi_head,
}
