"""DEQUANTIZE: int8, uint8 or int16 -> float32; constants may be quantized per channel, or float16."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.codes import reals
from aot.ops.common import QUANTIZED_TYPES, require, require_operands, require_quantized, require_shape, require_types
from aot.ops.operands import SingleInput


@dataclass(frozen=True, kw_only=True)
class Dequantize(SingleInput):
    """y = scale * (x - zero_point): one float32 product; from float16, the same number.

    `notation` as that of `Quantize`.
    """

    notation: bool = False

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        require_types(graph, self, *((x, "float32") for x in (*QUANTIZED_TYPES, "float16", "int32")))
        x, y = self.operands(graph)
        require(x.constant or x.dtype != "int32", f"%{x.name} is int32, but not constant")
        if x.dtype == "float16":
            require(x.constant, f"%{x.name} is float16, but not constant")
        elif x.constant:  # folded when compiled: no kernel sees the scales
            require(scales_fit(x), f"%{x.name} has no scale, or not one for each of its channels")
        else:
            require_quantized(x)
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, _ = self.operands(graph)
        value = values[x.name]
        return (value.astype(np.float32) if x.quant is None else reals(value, x.quant),)


def scales_fit(x: Tensor) -> bool:
    """Whether `x` has a scale, or one for each element of an axis."""
    q = x.quant
    if q is None or not q.per_channel:
        return q is not None
    return q.axis is not None and q.axis < len(x.shape) and x.shape[q.axis] == len(q.scale)
