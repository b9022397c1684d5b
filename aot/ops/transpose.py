"""TRANSPOSE: dimensions in another order."""

from dataclasses import dataclass

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import require
from aot.ops.view import View


@dataclass(frozen=True, kw_only=True)
class Transpose(View):
    """Dimension i of y is dimension permutation[i] of x."""

    permutation: tuple[int, ...]

    def shape_of(self, x: Tensor) -> tuple[int, ...]:
        order = sorted(self.permutation) == list(range(len(x.shape)))
        require(order, f"permutation {self.permutation} of {len(x.shape)} dimensions")
        return tuple(x.shape[i] for i in self.permutation)

    def view(self, x: Array) -> Array:
        return x.transpose(self.permutation)
