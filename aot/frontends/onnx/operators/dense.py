"""Dense layers and products of matrices."""

import math

import numpy as np

from aot.frontends.building import Order, Value
from aot.frontends.building.elementwise import binary, scaled
from aot.frontends.building.reduction import reduced
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.add import Add
from aot.ops.batch_matmul import BatchMatMul
from aot.ops.common import require
from aot.ops.fully_connected import FullyConnected
from aot.ops.reduce import Sum


def _gemm(call: Call) -> Value:
    node, build = call.node, call.build
    a, b = call.input(0), call.input(1)
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    a = a.transposed((1, 0)) if node.flag("transA") else a
    b = b.transposed((1, 0)) if node.flag("transB") else b
    bias = call.input(2) if call.has(2) else None
    if b.constant and alpha != 1.0:
        b = build.constant(b.array * np.float32(alpha), b.label)
        alpha = 1.0
    if bias is not None and bias.constant and beta != 1.0:
        bias = build.constant(bias.array * np.float32(beta), bias.label)
        beta = 1.0
    units = b.shape[1]
    fused = alpha == 1.0 and (bias is None or (bias.constant and beta == 1.0 and _for_columns(bias, units)))
    y = product(call, a, b, bias if fused else None)
    if fused:
        return y
    y = scaled(call, y, alpha)
    return y if bias is None else binary(call, Add, y, scaled(call, bias, beta))


def _for_columns(bias: Value, units: int) -> bool:
    """Whether a constant is the same for all rows."""
    return bias.elements in (1, units) and (bias.rank == 0 or bias.shape[-1] == bias.elements)


def product(call: Call, a: Value, b: Value, bias: Value | None = None) -> Value:
    """a @ b, as a dense layer where b is a constant matrix."""
    if b.constant and b.rank == 2 and a.rank >= 1 and not (a.constant):
        return _dense(call, a, b, bias)
    require(bias is None, "a bias of a product of matrices")
    return _matrices(call, a, b)


def _dense(call: Call, a: Value, b: Value, bias: Value | None) -> Value:
    """Weights [unit, depth]; where the input's last axis lies in another order, they are permuted instead of it."""
    build = call.build
    depth, units = b.shape
    require(a.shape[-1] == depth, f"rows of {a.shape[-1]}, weights for {depth}")
    rows = build.reshape(a, (a.elements // depth, depth))
    order = _order_within(rows)
    weights = b.transposed((1, 0))
    if order is None:
        x = build.stored(rows)
    else:
        x = build.raw(rows)
        weights = _permuted(weights, rows.factors[1], order)
    operands = (x, build.stored(weights), None if bias is None else build.stored(_spread(call, bias, units)))
    return build.reshape(build.emit(FullyConnected, operands, (rows.shape[0], units)), (*a.shape[:-1], units))


def _spread(call: Call, bias: Value, units: int) -> Value:
    if bias.shape == (units,):
        return bias
    return call.build.constant(np.broadcast_to(bias.array.ravel(), (units,)).copy(), bias.label)


def _order_within(rows: Value) -> Order | None:
    """How the factors of the last axis lie, if those of the first come before them as they are; None otherwise."""
    first = len(rows.factors[0])
    telling = [f for f in rows.order if rows.extents[f] != 1]
    before = [f for f in telling if f < first]
    if telling[: len(before)] != before or before != sorted(before):
        return None
    return tuple(f - first for f in telling[len(before) :])


def _permuted(weights: Value, extents: tuple[int, ...], order: Order) -> Value:
    """Weights [unit, depth] with the parts of their depth in another order."""
    if list(order) == sorted(order):
        return weights
    axes = list(order) + [i for i, e in enumerate(extents) if e == 1]
    split = weights.reshaped((weights.shape[0], *extents))
    assert split is not None
    turned = split.transposed((0, *(1 + i for i in axes))).reshaped(weights.shape)
    assert turned is not None
    return turned


def _matrices(call: Call, a: Value, b: Value) -> Value:
    """A product of what is computed."""
    build = call.build
    vector_a, vector_b = a.rank == 1, b.rank == 1
    a = build.reshape(a, (1, *a.shape)) if vector_a else a
    b = build.reshape(b, (*b.shape, 1)) if vector_b else b
    (rows, depth), (depth_b, columns) = a.shape[-2:], b.shape[-2:]
    require(depth == depth_b, f"rows of {depth}, columns of {depth_b}")
    turned = _last_two_swapped(b)
    try:
        batches = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise Unsupported("batches that do not broadcast") from None
    operands = (build.stored(a), build.stored(b, turned))
    y = build.emit(BatchMatMul, operands, (*batches, rows, columns), adj_y=turned is not None)
    shape = (*batches, *(() if vector_a else (rows,)), *(() if vector_b else (columns,)))
    return build.reshape(y, shape)


def _last_two_swapped(b: Value) -> Order | None:
    """The order with the last two axes swapped where memory has it so: the product can read that."""
    order = (*range(b.rank - 2), b.rank - 1, b.rank - 2)
    natural = tuple(range(b.rank))
    return order if not b.constant and b.lies_in(order) and not b.lies_in(natural) else None


def _einsum(call: Call) -> Value:
    """A product of two operands: what both have and the result too is a batch, what it has not is summed up."""
    left, _, result = call.node.text("equation", "").replace(" ", "").partition("->")
    names = left.split(",")
    values = [call.input(i) for i in range(len(call.inputs))]
    require("." not in left and len(names) == len(values) <= 2, "an ellipsis, or more than two operands")
    if not result and "->" not in call.node.text("equation", ""):
        result = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    require(all(len(set(n)) == len(n) == v.rank for n, v in zip(names, values, strict=True)), "a diagonal")
    require(len(set(result)) == len(result) and set(result) <= set(left), f"a result {result}")
    sole = [_summed(call, v, n, result + "".join(names[:i] + names[i + 1 :]))
            for i, (n, v) in enumerate(zip(names, values, strict=True))]  # fmt: skip
    y, letters = sole[0] if len(sole) == 1 else _contracted(call, sole[0], sole[1], result)
    return y.transposed([letters.index(c) for c in result])


def _summed(call: Call, x: Value, letters: str, wanted: str) -> tuple[Value, str]:
    """Without the axes that nobody else has."""
    gone = tuple(i for i, c in enumerate(letters) if c not in wanted)
    y = reduced(call, x, Sum, gone, keep=False) if gone else x
    return y, "".join(c for c in letters if c in wanted)


def _contracted(call: Call, a: tuple[Value, str], b: tuple[Value, str], result: str) -> tuple[Value, str]:
    """A product of matrices, each side's axes merged."""
    (x, first), (y, second) = a, b
    batch = [c for c in first if c in second and c in result]
    depth = [c for c in first if c in second and c not in result]
    rows, columns = ([c for c in own if c not in other] for own, other in ((first, second), (second, first)))
    size = {c: e for v, letters in (a, b) for c, e in zip(letters, v.shape, strict=True)}
    extents = [math.prod(size[c] for c in part) for part in (rows, depth, columns)]
    sizes = [size[c] for c in batch]
    left = x.transposed([first.index(c) for c in (*batch, *rows, *depth)])
    right = y.transposed([second.index(c) for c in (*batch, *depth, *columns)])
    left = call.build.reshape(left, (*sizes, extents[0], extents[1]))
    right = call.build.reshape(right, (*sizes, extents[1], extents[2]))
    letters = [*batch, *rows, *columns]
    return call.build.reshape(product(call, left, right), [size[c] for c in letters]), "".join(letters)


READERS: dict[str, Reader] = {
    "Einsum": _einsum,
    "Gemm": _gemm,
    "MatMul": lambda call: product(call, call.input(0), call.input(1)),
}
