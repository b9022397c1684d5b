"""What operators on two tensors, element by element, have in common; MAXIMUM, MINIMUM, LOGICAL_AND, LOGICAL_OR."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import (
    OWN_RANGES,
    QUANTIZED_TYPES,
    SHARED_RANGE,
    Activation,
    broadcast_shape,
    clamp_real,
    require_operands,
    require_same_quant,
    require_shape,
    require_types,
)
from aot.ops.unary import require_codes

NUMBERS = ("float32", "int32", "int64")


@dataclass(frozen=True, kw_only=True)
class Binary(Op):
    """y = f(a, b): subclasses say `combine` and the types they take; the result is of `result` or of their type."""

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = NUMBERS
    result: ClassVar[str | None] = None

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both inputs and the output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        require_types(graph, self, *((t, t, self.result or t) for t in self.types))
        a, b, y = self.operands(graph)
        require_shape(y, broadcast_shape(a, b))
        if a.dtype in QUANTIZED_TYPES:
            self.check_codes(a, b, y)

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        """What a quantized type demands: unless a subclass knows better, one scale, so that codes do for reals."""
        require_codes(a, b, y)
        require_same_quant(a, y)
        require_same_quant(b, y)

    def plain(self, a: Tensor, b: Tensor, y: Tensor) -> bool:
        """Whether `combine` takes the operands as they are."""
        return True

    def fused(self) -> Activation:
        """The activation that limits the result."""
        return Activation.NONE

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, _ = self.operands(graph)
        with np.errstate(all="ignore"):
            return (clamp_real(np.asarray(self.combine(values[a.name], values[b.name])), self.fused()),)

    @abstractmethod
    def combine(self, a: Array, b: Array) -> Array:
        """The function, of arrays that broadcast."""


@dataclass(frozen=True, kw_only=True)
class Maximum(Binary):
    """The larger; b where one is not a number."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = (*NUMBERS, "int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.where(a > b, a, b)


@dataclass(frozen=True, kw_only=True)
class Minimum(Binary):
    """The smaller; b where one is not a number."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = (*NUMBERS, "int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.where(a < b, a, b)


@dataclass(frozen=True, kw_only=True)
class LogicalAnd(Binary):
    """Whether both are true."""

    types: ClassVar[tuple[str, ...]] = ("bool",)

    def combine(self, a: Array, b: Array) -> Array:
        return np.logical_and(a, b)


@dataclass(frozen=True, kw_only=True)
class LogicalOr(Binary):
    """Whether one is true."""

    types: ClassVar[tuple[str, ...]] = ("bool",)

    def combine(self, a: Array, b: Array) -> Array:
        return np.logical_or(a, b)
