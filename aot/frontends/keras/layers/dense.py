"""Dense layers, also those whose weights have several axes, and tables of vectors."""

import math

from aot.frontends.building import Value
from aot.frontends.keras.layers.activation import activated
from aot.frontends.keras.layers.common import real
from aot.frontends.keras.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.cast import Cast
from aot.ops.common import require
from aot.ops.fully_connected import FullyConnected
from aot.ops.gather import INDEX_TYPES, Gather


def product(call: Call, x: Value, w: Value, bias: Value | None, axes: int = 1) -> Value:
    """The last `axes` of x times the first ones of `w`; the bias is of all others of `w`."""
    build = call.build
    require(x.rank >= axes and x.shape[x.rank - axes :] == w.shape[:axes], f"rows of {list(x.shape)}, weights for "
            f"{list(w.shape[:axes])}")  # fmt: skip
    depth, units = math.prod(w.shape[:axes]), math.prod(w.shape[axes:])
    rows = build.reshape(x, (x.elements // depth, depth))
    flat = w.reshaped((depth, units))
    offsets = None if bias is None else bias.reshaped((units,))
    assert flat is not None
    operands = (build.stored(rows), build.stored(flat, (1, 0)), None if offsets is None else build.stored(offsets))
    y = build.emit(FullyConnected, operands, (rows.shape[0], units))
    return build.reshape(y, (*x.shape[: x.rank - axes], *w.shape[axes:]))


def _dense(call: Call) -> Value:
    x, layer = real(call), call.layer
    units = layer.integer("units")
    if layer.flag("use_bias", True):
        w, bias = call.variables("kernel", "bias", shapes=((x.shape[-1], units), (units,)))
        y = product(call, x, w, bias)
    else:
        (w,) = call.variables("kernel", shapes=((x.shape[-1], units),))
        y = product(call, x, w, None)
    return activated(call, y, layer.config.get("activation"))


def _einsum_dense(call: Call) -> Value:
    """Where the last axes of the input meet the first ones of the weights, and the others of these come last."""
    layer, x = call.layer, real(call)
    names = ("kernel", "bias") if layer.has("bias_axes") else ("kernel",)
    w, *rest = call.variables(*names)
    axes = _contracted(layer.text("equation", ""), x.rank, w.rank)
    bias = rest[0] if rest else None
    require(bias is None or bias.elements == math.prod(w.shape[axes:]), "a bias that is the same along some axes")
    return activated(call, product(call, x, w, bias, axes), layer.config.get("activation"))


def _contracted(equation: str, rank: int, weights: int) -> int:
    """How many axes are summed over."""
    left, _, result = equation.replace(" ", "").replace("...", "").partition("->")
    given, _, kernel = left.partition(",")
    axes = len([c for c in given if c in kernel])
    plain = given[len(given) - axes :] == kernel[:axes] and result == given[: len(given) - axes] + kernel[axes:]
    if not plain or not axes or len(kernel) != weights or len(given) > rank:
        raise Unsupported(f"the equation {equation[:80]}; supported: the last axes times the first ones of the weights")
    return axes


def _embedding(call: Call) -> Value:
    indices, layer = call.input(), call.layer
    shape = layer.integer("input_dim"), layer.integer("output_dim")
    (table,) = call.variables("embeddings", shapes=(shape,))
    if indices.dtype not in INDEX_TYPES:
        indices = call.build.like(indices, Cast, dtype="int32")
    operands = (call.build.stored(table), call.build.stored(indices))
    return call.build.emit(Gather, operands, (*indices.shape, shape[1]))


READERS: dict[str, Reader] = {"Dense": _dense, "EinsumDense": _einsum_dense, "Embedding": _embedding}
