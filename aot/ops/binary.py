"""Operators on two tensors, element by element, with broadcasting: minimum, comparisons, logic, arithmetic of reals.

What quantized types need beyond comparing codes of one scale lies elsewhere: ADD and SUB in `add`, MUL in `mul`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.fixedpoint import Array
from aot.ir import Graph, Op, Scheme, Tensor
from aot.ops.common import (
    OWN_RANGES,
    SHARED_RANGE,
    Activation,
    broadcast_shape,
    require_operands,
    require_same_quant,
    require_shape,
    require_types,
)
from aot.ops.unary import require_codes

_NUMBERS = ("float32", "int32", "int64")
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True)
class Binary(Op):
    """y = f(a, b): subclasses say `combine` and the types they take; the result is of `result` or of their type."""

    scheme: ClassVar[Scheme] = OWN_RANGES
    types: ClassVar[tuple[str, ...]] = _NUMBERS
    result: ClassVar[str | None] = None

    def operands(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
        """Both inputs and the output."""
        return graph[self.inputs[0]], graph[self.inputs[1]], graph[self.outputs[0]]

    def check(self, graph: Graph) -> None:
        require_operands(graph, self, 2)
        require_types(graph, self, *((t, t, self.result or t) for t in self.types))
        a, b, y = self.operands(graph)
        require_shape(y, broadcast_shape(a, b))
        if y.dtype in ("int8", "int16"):
            require_codes(a, b, y)
            require_same_quant(a, y)
            require_same_quant(b, y)

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, _ = self.operands(graph)
        with np.errstate(all="ignore"):
            return (np.asarray(self.combine(values[a.name], values[b.name])),)

    def combine(self, a: Array, b: Array) -> Array:
        """The function, of arrays that broadcast."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Div(Binary):
    """y = activation(a / b); infinities become the largest finite numbers, as in TensorFlow Lite."""

    types: ClassVar[tuple[str, ...]] = ("float32",)
    activation: Activation = Activation.NONE

    def combine(self, a: Array, b: Array) -> Array:
        ratio, (low, high) = a / b, self.limits()
        raised = np.where(ratio < np.float32(low), np.float32(low), ratio)
        return np.where(raised > np.float32(high), np.float32(high), raised)

    def limits(self) -> tuple[float, float]:
        """The least and the largest result."""
        low, high = self.activation.value
        return -_LARGEST if low is None else low, _LARGEST if high is None else high


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(Binary):
    """y = (a - b) * (a - b)."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int32")

    def combine(self, a: Array, b: Array) -> Array:
        return np.asarray(np.square(a - b))


@dataclass(frozen=True, kw_only=True)
class Maximum(Binary):
    """The larger; b where one is not a number."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = (*_NUMBERS, "int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.where(a > b, a, b)


@dataclass(frozen=True, kw_only=True)
class Minimum(Binary):
    """The smaller; b where one is not a number."""

    scheme: ClassVar[Scheme] = SHARED_RANGE
    types: ClassVar[tuple[str, ...]] = (*_NUMBERS, "int8", "int16")

    def combine(self, a: Array, b: Array) -> Array:
        return np.where(a < b, a, b)


@dataclass(frozen=True, kw_only=True)
class Equal(Binary):
    """Whether a == b."""

    types: ClassVar[tuple[str, ...]] = (*_NUMBERS, "bool")
    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.equal(a, b)


@dataclass(frozen=True, kw_only=True)
class NotEqual(Binary):
    """Whether a != b."""

    types: ClassVar[tuple[str, ...]] = (*_NUMBERS, "bool")
    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.not_equal(a, b)


@dataclass(frozen=True, kw_only=True)
class Greater(Binary):
    """Whether a > b."""

    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.greater(a, b)


@dataclass(frozen=True, kw_only=True)
class GreaterEqual(Binary):
    """Whether a >= b."""

    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.greater_equal(a, b)


@dataclass(frozen=True, kw_only=True)
class Less(Binary):
    """Whether a < b."""

    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.less(a, b)


@dataclass(frozen=True, kw_only=True)
class LessEqual(Binary):
    """Whether a <= b."""

    result: ClassVar[str | None] = "bool"

    def combine(self, a: Array, b: Array) -> Array:
        return np.less_equal(a, b)


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
