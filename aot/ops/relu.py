"""RELU and its limited forms as operators of their own; quantized, they may change scale and zero point."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.common import Activation, clamp, float_ratio, require_activation, require_ratio, rescale
from aot.ops.unary import Unary


@dataclass(frozen=True, kw_only=True)
class Relu(Unary):
    """y = clamp(zero_y + (x - zero_x) * scale_x / scale_y), from the code of 0 upwards."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8", "int16")
    function: ClassVar[Activation] = Activation.RELU

    def check_codes(self, x: Tensor, y: Tensor) -> None:
        require_activation(self.function, y)
        require_ratio(x, y)

    def real(self, x: Array) -> Array:
        low, high = self.function.value
        raised = np.where(x < np.float32(low or 0), np.float32(low or 0), x)
        return raised if high is None else np.where(raised > np.float32(high), np.float32(high), raised)

    def codes(self, q: Array, x: Tensor, y: Tensor, rounding: str) -> Array:
        return clamp(rescale(q, x, float_ratio(x, y), rounding) + y.zero_point, self.function, y)


@dataclass(frozen=True, kw_only=True)
class Relu6(Relu):
    """The same, from the code of 0 to the code of 6."""

    function: ClassVar[Activation] = Activation.RELU6


@dataclass(frozen=True, kw_only=True)
class ReluN1To1(Relu):
    """The same, from the code of -1 to the code of 1."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    function: ClassVar[Activation] = Activation.RELU_N1_TO_1


@dataclass(frozen=True, kw_only=True)
class Relu0To1(Relu):
    """The same, from the code of 0 to the code of 1."""

    types: ClassVar[tuple[str, ...]] = ("float32", "int8")
    function: ClassVar[Activation] = Activation.RELU_0_TO_1
