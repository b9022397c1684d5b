"""ADD and SUB, with broadcasting: int8, int16, float32 or plain integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph, Tensor
from aot.ops.binary import NUMBERS
from aot.ops.codes import saturated
from aot.ops.common import Activation, clamp, near_power_of_two, require, require_activation
from aot.ops.scaled_binary import ScaledBinary, Scaling
from aot.ops.unary import require_codes


@dataclass(frozen=True, kw_only=True)
class Add(ScaledBinary):
    """y = activation(a + b); quantized operands are brought to twice the larger of their scales.

    `power_of_two`: so are all scales, of int16, and one operand is shifted to the other's, which is the result's too.
    """

    types: ClassVar[tuple[str, ...]] = ("int8", "int16", *NUMBERS)
    joined: ClassVar[bool] = True  # with its conversions, by onnxruntime
    activation: Activation = Activation.NONE
    power_of_two: bool = False

    def fused(self) -> Activation:
        return self.activation

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        require_activation(self.activation, y)
        if self.power_of_two:
            require(y.dtype == "int16", f"scales that are powers of two for {y.dtype}; supported: int16")
            of_a, of_b, of_y = _powers(a, b, y)
            fits = max(of_a, of_b) == of_y
            require(fits, f"scales {a.scale:g} and {b.scale:g} to {y.scale:g}, which must be the larger")
            require(min(of_a, of_b) + 15 >= of_y, f"scales {a.scale:g} and {b.scale:g} are too far apart")
            return
        # TensorFlow Lite refuses this too; with it, no intermediate value can leave 32 bits.
        scale = self.scaling(a, b, y).y
        require(scale is not None and scale < 1, f"%{y.name} has a scale that is too small for the operands'")

    def scaling(self, a: Tensor, b: Tensor, y: Tensor) -> Scaling:
        if self.power_of_two:
            of_a, of_b, of_y = _powers(a, b, y)
            return Scaling(1, 2.0 ** (of_a - of_y - 1), 2.0 ** (of_b - of_y - 1), 1.0)  # the bit more is halved away
        bits = 15 if y.dtype == "int16" else 20
        twice_larger = 2 * max(a.scale, b.scale)
        return Scaling(bits, a.scale / twice_larger, b.scale / twice_larger, twice_larger / ((1 << bits) * y.scale))

    def evaluate(self, graph: Graph, values: Mapping[str, Array], rounding: str) -> tuple[Array, ...]:
        a, b, y = self.operands(graph)
        if rounding != "onnx" or not self.joined or y.dtype != "int8":
            return super().evaluate(graph, values, rounding)
        scales = joined_sum(a, b, y)
        left, right = (values[t.name].astype(np.float32) * s for t, s in zip((a, b), scales, strict=False))
        codes = np.rint((scales[2] + left) + right)
        return (clamp(saturated(codes - np.float32(y.zero_point), y), self.activation, y, rounding),)

    def combine(self, a: Array, b: Array) -> Array:
        return a + b


def joined_sum(a: Tensor, b: Tensor, y: Tensor) -> tuple[np.float32, np.float32, np.float32]:
    """Steps of y in a code of a, in one of b, and where their codes are 0: of onnxruntime's QLinearAdd, in float32.

    Where it has fused multiplications and additions, as with AVX2, it uses them, and at ties may find another code.
    """
    of_a, of_b = (np.float32(t.scale) / np.float32(y.scale) for t in (a, b))
    zeros = of_a * np.float32(a.zero_point) + of_b * np.float32(b.zero_point)
    return of_a, of_b, np.float32(y.zero_point) - zeros


def _powers(*tensors: Tensor) -> list[int]:
    """The powers of two that scales are. Raises Unsupported for other scales."""
    powers = [near_power_of_two(t.scale) for t in tensors]
    found = [power for power in powers if power is not None]
    require(len(found) == len(tensors), f"scales {', '.join(f'{t.scale:g}' for t in tensors)}; not all powers of two")
    return found


@dataclass(frozen=True, kw_only=True)
class Sub(Add):
    """y = activation(a - b), as `Add` does it."""

    joined: ClassVar[bool] = False

    def combine(self, a: Array, b: Array) -> Array:
        return a - b
