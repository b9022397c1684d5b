"""Operators on two tensors whose quantized operands are brought to one scale before they meet."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize
from aot.graph.ir import Graph, Tensor
from aot.ops.binary import Binary
from aot.ops.codes import in_reals
from aot.ops.common import QUANTIZED_TYPES, clamp


@dataclass(frozen=True)
class Scaling:
    """Codes less their zero point get `bits` more bits, then each operand its scale; the result, if not bool, `y`."""

    bits: int
    a: float
    b: float
    y: float | None = None


@dataclass(frozen=True, kw_only=True)
class ScaledBinary(Binary):
    """y = zero_y + combine((a - zero_a << bits) * scale_a, (b - zero_b << bits) * scale_b) * scale_y, each requantized.

    `scaling` says how; without one for these types, and for those that are not quantized, y = combine(a, b).
    """

    @abstractmethod
    def scaling(self, a: Tensor, b: Tensor, y: Tensor) -> Scaling | None:
        """How quantized operands become comparable."""

    def plain(self, a: Tensor, b: Tensor, y: Tensor) -> bool:
        return a.dtype not in QUANTIZED_TYPES or self.scaling(a, b, y) is None

    @in_reals
    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        scaling = self.scaling(a, b, y) if a.dtype in QUANTIZED_TYPES else None
        if scaling is None:
            return super().evaluate(graph, values, rounding)
        left, right = (
            _scaled((values[t.name].astype(np.int64) - t.zero_point) << scaling.bits, scale, rounding)
            for t, scale in ((a, scaling.a), (b, scaling.b))
        )
        combined = self.combine(left, right)
        if scaling.y is None:
            return (np.asarray(combined),)
        return (clamp(_scaled(combined, scaling.y, rounding) + y.zero_point, self.fused(), y),)


def _scaled(value: Array, scale: float, rounding: str) -> Array:
    return requantize(value, Multiplier.of(scale, rounding), rounding).reshape(value.shape)
