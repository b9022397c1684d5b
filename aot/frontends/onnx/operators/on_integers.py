"""Operators whose operands are integers: each is the one on reals between conversions, and that is how it is read.

Products of integers whose scales are only known when the model runs are read with the reals themselves for integers.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aot.frontends.building import Builder, Value
from aot.frontends.onnx.operators import convolution, dense, elementwise, indexing, movement, pooling, reduction
from aot.frontends.onnx.operators.quantization import dequantized, numbers, quantized
from aot.frontends.onnx.records import Call, Reader
from aot.graph.ir import Unsupported
from aot.ops.cast import Cast
from aot.ops.common import require

_ON_REALS: dict[str, Reader] = {
    **convolution.READERS,
    **dense.READERS,
    **elementwise.READERS,
    **indexing.READERS,
    **movement.READERS,
    **pooling.READERS,
    **reduction.READERS,
}
_LARGEST_EXACT = 1 << 24  # of whole numbers in float32
_LARGEST_PRODUCT = 255 * 255


def _real(call: Call, first: int, axis: int = 1) -> Value:
    """The reals of an operand: inputs `first`, its scale, its zero point."""
    zero = call.input(first + 2) if call.has(first + 2) else None
    return dequantized(call.build, call.input(first), call.input(first + 1), zero, axis)


def _codes(call: Call, y: Value | Sequence[Value], first: int) -> Value:
    """A result as codes: input `first` is their scale, the next their zero point."""
    require(isinstance(y, Value), "several results")
    assert isinstance(y, Value)
    return quantized(call.build, y, call.input(first), call.input(first + 1) if call.has(first + 1) else None)


def _unary(kind: str) -> Reader:
    """Of one operand: x, scale, zero point, those of the result."""
    return lambda call: _codes(call, _ON_REALS[kind](replace(call, inputs=[_real(call, 0)])), 3)


def _binary(kind: str) -> Reader:
    return lambda call: _codes(call, _ON_REALS[kind](replace(call, inputs=[_real(call, 0), _real(call, 3)])), 6)


def _first_channels(call: Call) -> None:
    require(not call.node.flag("channels_last"), "channels_last")


def _pool(kind: str) -> Reader:
    def read(call: Call) -> Value:
        _first_channels(call)
        return _unary(kind)(call)  # type: ignore[return-value] # readers of one result

    return read


def _conv(call: Call) -> Value:
    x, w = _real(call, 0), _real(call, 3, axis=0)
    inputs = [x, w, *([_bias(call, 8, call.input(1), call.input(4))] if call.has(8) else [])]
    return _codes(call, _ON_REALS["Conv"](replace(call, inputs=inputs)), 6)


def _bias(call: Call, index: int, *scales: Value) -> Value:
    """int32 in the scale of products."""
    product = np.ones((), np.float32)
    for scale in scales:
        require(scale.constant, "a scale that is not constant")
        product = product * scale.array.astype(np.float32)
    return dequantized(call.build, call.input(index), call.build.constant(product.reshape(-1), "scale"), None, 0)


def _matmul(call: Call) -> Value:
    columns = _real(call, 3, axis=-1)
    require(call.input(1).elements == 1, "a scale for each row")
    return _codes(call, dense.product(call, _real(call, 0), columns), 6)


def _gemm(call: Call) -> Value:
    """Without a scale of results, these are reals."""
    by_unit = 0 if call.node.flag("transB") else 1
    alpha = call.build.constant(np.array(call.node.real("alpha", 1.0), np.float32), "alpha")
    inputs = [_real(call, 0), _real(call, 3, axis=by_unit)]
    inputs += [_bias(call, 6, alpha, call.input(1), call.input(4))] if call.has(6) else []
    y = _ON_REALS["Gemm"](replace(call, inputs=inputs))
    assert isinstance(y, Value)
    return _codes(call, y, 7) if call.has(7) else y


def _concat(call: Call) -> Value:
    inputs = [_real(call, i) for i in range(2, len(call.inputs), 3)]
    return _codes(call, _ON_REALS["Concat"](replace(call, inputs=inputs)), 0)


def _where(call: Call) -> Value:
    inputs = [call.input(0), _real(call, 1), _real(call, 4)]
    return _codes(call, _ON_REALS["Where"](replace(call, inputs=inputs)), 7)


def _softmax(call: Call) -> Value:
    """The opset whose meaning it has is an attribute."""
    node = replace(call.node, opset=call.node.integer("opset", call.node.opset))
    return _codes(call, _ON_REALS["Softmax"](replace(call, node=node, inputs=[_real(call, 0)])), 3)


def _dynamic(call: Call) -> Sequence[Value]:
    """Reals in place of codes whose scale is the input's: they have scale 1 and zero point 0."""
    build = call.build
    one, zero = build.constant(np.ones((), np.float32), "scale"), build.constant(np.zeros((), np.uint8), "zero")
    return [call.input(0), one, zero]


def _whole(build: Builder, x: Value, zero: Value | None, axis: int) -> Value:
    """Integers less their zero point as float32 numbers; reals that stand for such stay as they are."""
    if x.dtype == "float32":
        return x
    if x.constant:
        less = np.zeros((), np.int64) if zero is None else zero.array.astype(np.int64)
        shape = [-1 if i == axis % x.rank else 1 for i in range(x.rank)] if less.size > 1 else ()
        return build.constant((x.array.astype(np.int64) - less.reshape(shape)).astype(np.float32), x.label)
    require(zero is None or zero.elements == 1, "a zero point for each row")
    return numbers(build, x, 0 if zero is None else int(zero.array.reshape(())))


def _products(kind: str, by_unit: int) -> Reader:
    """MatMulInteger and ConvInteger: sums that are whole numbers, if they are not of reals."""

    def read(call: Call) -> Value:
        build = call.build
        x, w = (
            _whole(build, call.input(i), call.input(i + 2) if call.has(i + 2) else None, by_unit) for i in (0, 1)
        )  # fmt: skip
        y = _ON_REALS[kind](replace(call, inputs=[x, w]))
        assert isinstance(y, Value)
        if call.input(0).dtype == "float32":
            return y
        terms = w.elements // w.shape[by_unit]
        if terms * _LARGEST_PRODUCT >= _LARGEST_EXACT:
            raise Unsupported(f"sums of {terms} products; supported: {_LARGEST_EXACT // _LARGEST_PRODUCT}")
        return build.like(y, Cast, dtype="int32")

    return read


READERS: dict[str, Reader] = {
    "ConvInteger": _products("Conv", 0),
    "DynamicQuantizeLinear": _dynamic,
    "MatMulInteger": _products("MatMul", -1),
    "QGemm": _gemm,
    "QLinearAdd": _binary("Add"),
    "QLinearAveragePool": _pool("AveragePool"),
    "QLinearConcat": _concat,
    "QLinearConv": _conv,
    "QLinearGlobalAveragePool": _pool("GlobalAveragePool"),
    "QLinearLeakyRelu": _unary("LeakyRelu"),
    "QLinearMatMul": _matmul,
    "QLinearMul": _binary("Mul"),
    "QLinearSigmoid": _unary("Sigmoid"),
    "QLinearSoftmax": _softmax,
    "QLinearWhere": _where,
}
