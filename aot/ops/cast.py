"""CAST: the same numbers in another type; scales and zero points count for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.ops.common import require, require_operands, require_shape
from aot.ops.operands import SingleInput

_TYPES = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")


@dataclass(frozen=True, kw_only=True)
class Cast(SingleInput):
    """Reals lose their fraction and saturate, not-a-number is the largest integer; integers wrap; bool is x != 0."""

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 1)
        x, y = self.operands(graph)
        for tensor in (x, y):
            require(tensor.dtype in _TYPES, f"%{tensor.name} is {tensor.dtype}; supported: {', '.join(_TYPES)}")
        require_shape(y, x.shape)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        x, y = self.operands(graph)
        value = values[x.name]
        if x.dtype != "float32" or y.dtype in ("float32", "bool"):
            return (value.astype(y.dtype),)
        info = np.iinfo(y.dtype)
        inside = (value > np.float32(info.min)) & (value < np.float32(2.0 ** (info.bits - (info.min < 0))))
        whole = np.where(inside, value, np.float32(0)).astype(y.dtype)
        return (np.where(inside, whole, np.where(value <= np.float32(info.min), info.min, info.max)).astype(y.dtype),)
