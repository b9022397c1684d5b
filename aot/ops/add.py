"""ADD and SUB, with broadcasting: int8, int16, float32 or plain integers."""

from dataclasses import dataclass
from math import frexp
from typing import ClassVar

from aot.graph.fixedpoint import Array
from aot.graph.ir import Tensor
from aot.ops.binary import NUMBERS
from aot.ops.common import Activation, require, require_activation
from aot.ops.scaled_binary import ScaledBinary, Scaling
from aot.ops.unary import require_codes


@dataclass(frozen=True, kw_only=True)
class Add(ScaledBinary):
    """y = activation(a + b); quantized operands are brought to twice the larger of their scales.

    `power_of_two`: so are all scales, of int16, and one operand is shifted to the other's, which is the result's too.
    """

    types: ClassVar[tuple[str, ...]] = ("int8", "int16", *NUMBERS)
    activation: Activation = Activation.NONE
    power_of_two: bool = False

    def fused(self) -> Activation:
        return self.activation

    def check_codes(self, a: Tensor, b: Tensor, y: Tensor) -> None:
        require_codes(a, b, y)
        require_activation(self.activation, y)
        if self.power_of_two:
            require(y.dtype == "int16", f"scales that are powers of two for {y.dtype}; supported: int16")
            fits = max(a.scale, b.scale) == y.scale and all(frexp(t.scale)[0] == 0.5 for t in (a, b, y))
            require(fits, f"scales {a.scale:g} and {b.scale:g} to {y.scale:g}, which must be the larger")
            require(min(a.scale, b.scale) * 2**15 >= y.scale, f"scales {a.scale:g} and {b.scale:g} are too far apart")
            return
        # TensorFlow Lite refuses this too; with it, no intermediate value can leave 32 bits.
        scale = self.scaling(a, b, y).y
        require(scale is not None and scale < 1, f"%{y.name} has a scale that is too small for the operands'")

    def scaling(self, a: Tensor, b: Tensor, y: Tensor) -> Scaling:
        if self.power_of_two:
            return Scaling(1, a.scale / y.scale / 2, b.scale / y.scale / 2, 1.0)  # the bit more is halved away
        bits = 15 if y.dtype == "int16" else 20
        twice_larger = 2 * max(a.scale, b.scale)
        return Scaling(bits, a.scale / twice_larger, b.scale / twice_larger, twice_larger / ((1 << bits) * y.scale))

    def combine(self, a: Array, b: Array) -> Array:
        return a + b


@dataclass(frozen=True, kw_only=True)
class Sub(Add):
    """y = activation(a - b), as `Add` does it."""

    def combine(self, a: Array, b: Array) -> Array:
        return a - b
