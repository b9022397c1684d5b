"""SQUARED_DIFFERENCE, with broadcasting: int8, float32 or int32."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.scaled_binary import ScaledBinary, Scaling
from aot.ops.unary import require_codes

_BITS = 7


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(ScaledBinary):
    """y = (a - b) * (a - b); quantized operands are brought to twice the larger of their scales."""

    types: ClassVar[tuple[str, ...]] = ("int8", "float32", "int32")

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        scale = self.scaling(a, b, y).y
        require(scale is not None and scale < 1, f"%{y.name} has a scale that is too small for the operands'")

    def scaling(self, a: Tensor, b: Tensor, y: Tensor) -> Scaling:
        twice_larger = 2 * max(a.scale, b.scale)
        squared = twice_larger * twice_larger / ((1 << 2 * _BITS) * y.scale)
        return Scaling(_BITS, a.scale / twice_larger, b.scale / twice_larger, squared)

    def combine(self, a: Array, b: Array) -> Array:
        return np.asarray(np.square(a - b))
