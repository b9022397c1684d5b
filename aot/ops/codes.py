"""Codes and the reals that they stand for; and operators on codes that compute with the reals.

In rounding `onnx`, ONNX's definition of a quantized model holds, as onnxruntime computes it: each quantized operator is
the float32 one, between DequantizeLinear, scale * (q - zero_point), and QuantizeLinear, rint(x / scale) + zero_point.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import TypeVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.common import QUANTIZED_TYPES

Self = TypeVar("Self", bound=Op)
Evaluate = Callable[[Self, Graph, Mapping[str, Array], str], tuple[Array, ...]]


def reals(value: Array, quant: Quant) -> Array:
    """scale * (q - zero_point), in float32, per tensor or along an axis."""
    shape = [1] * value.ndim
    if quant.per_channel and quant.axis is not None:
        shape[quant.axis] = -1
    scale = np.array(quant.scale, np.float32).reshape(shape)
    with np.errstate(over="ignore"):
        return np.asarray((value.astype(np.int64) - np.reshape(quant.zero_point, shape)).astype(np.float32) * scale)


def quantize_real(x: Array, y: Tensor, rounding: str = "double") -> Array:
    """Reals, as float32, in the codes of `y`: the one definition that operator, samples and generated helpers share.

    The quotient by the scale is rounded, ties away from zero, in rounding `onnx` to even, before the zero point is
    added. What is too large saturates; not-a-number becomes the lowest code.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = (x.astype(np.float32) / np.float32(y.scale)).astype(np.float64)
        rounded = np.rint(ratio) if rounding == "onnx" else np.trunc(ratio + np.copysign(0.5, ratio))
    return saturated(rounded, y)


def quantize_joined(x: Array, y: Tensor, less: int = 0) -> Array:
    """Where onnxruntime joins an operator with its conversions: the zero point is added before half goes to even.

    Codes are `less` below those that are rounded.
    """
    zero_point = np.float32(y.zero_point + less)
    codes = np.rint(x.astype(np.float32) / np.float32(y.scale) + zero_point)
    return saturated(codes - zero_point, y)


def saturated(steps: Array, y: Tensor) -> Array:
    """Whole numbers of steps as codes of `y`: the zero point is added, what is too large saturates."""
    info = np.iinfo(y.dtype)
    inside: Array = np.clip(np.nan_to_num(steps, nan=-np.inf), info.min - y.zero_point, info.max - y.zero_point)
    return (inside + y.zero_point).astype(y.dtype)


def has_codes(tensor: Tensor) -> bool:
    """Whether its elements stand for reals."""
    return tensor.dtype in QUANTIZED_TYPES and tensor.quant is not None


def in_reals(evaluate: Evaluate[Self]) -> Evaluate[Self]:
    """`evaluate`, which in rounding `onnx` sees reals in place of codes, and whose results become codes again."""

    @wraps(evaluate)
    def evaluated(op: Self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        tensors = [graph[name] for name in (*op.inputs, *op.outputs) if name is not None]
        coded = {t.name: t for t in tensors if has_codes(t)}
        if rounding != "onnx" or not coded:
            return evaluate(op, graph, values, rounding)
        real = graph.with_tensors(*(replace(t, dtype="float32", quant=None, data=None) for t in coded.values()))
        given = {n: reals(values[n], t.quantization) for n, t in coded.items() if n in values}
        results = zip(op.outputs, evaluate(op, real, {**values, **given}, rounding), strict=True)
        return tuple(quantize_real(y, coded[name], rounding) if name in coded else y for name, y in results)

    return evaluated
