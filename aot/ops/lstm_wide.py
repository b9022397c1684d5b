"""LSTMs of int16 with int8 weights (16x8), as TensorFlow Lite Micro's reference kernel computes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, requantize_wide
from aot.graph.ir import Tensor
from aot.ops.common import require, require_quantized
from aot.ops.lstm_parts import GATE_SCALE, cell_power, clip_code, saturated
from aot.ops.sigmoid import sigmoid_codes, tanh_codes

GATE_SCALING = (3, 0)  # multiplier and right shift from a gate's sum to the unit of the sigmoid's table
_PARTS = (9, 10, 11, 16, 17, 20, 21, 22, 23)  # what TensorFlow Lite Micro has no kernel for
_WIDEST, _LARGEST = 2**47, 2**31  # what sums may reach, and what is left of them when they are scaled
_FINEST = 2.0**-15  # the scale of a gate's result


@dataclass(frozen=True)
class WideDense:
    """int8 weights, a bias of 64 bits, and the scale of their sums."""

    weights: Array
    bias: Array
    scale: float

    def sums(self, x: Array) -> Array:
        """The scaled sums for each row of `x`, within int16."""
        acc = x.astype(np.int64) @ self.weights.astype(np.int64).T + self.bias
        return saturated(requantize_wide(acc, Multiplier.of(self.scale)))


@dataclass(frozen=True)
class WideGate:
    """What goes into a gate's function: input and hidden state."""

    input: WideDense
    recurrent: WideDense

    def sums(self, x: Array, hidden: Array) -> Array:
        """int16, saturated after each addition."""
        return saturated(self.input.sums(x).astype(np.int64) + self.recurrent.sums(hidden))


@dataclass(frozen=True)
class WideLstm:
    """All numbers of a layer; the scales are those of products: forget and cell, input and update, output and cell."""

    input: WideGate
    forget: WideGate
    update: WideGate
    output: WideGate
    added_scale: float
    hidden_scale: float
    cell_shift: int  # the cell's scale is 2**cell_shift
    cell_clip: int

    kept_scale = _FINEST

    @property
    def cell_scaling(self) -> tuple[int, int]:
        """Multiplier and right shift from the cell to the unit of the sigmoid's table."""
        power = self.cell_shift + 12
        return (3 << power, 0) if power >= 0 else (3, -power)

    def step(self, x: Array, hidden: Array, cell: Array, rounding: str) -> tuple[Array, Array]:
        """Hidden state and cell after a step."""

        def product(a: Array, b: Array, scale: float) -> Array:
            return saturated(requantize(a.astype(np.int64) * b, Multiplier.of(scale, rounding), rounding))

        forget, enter, output = (
            sigmoid_codes(gate.sums(x, hidden), GATE_SCALING) for gate in (self.forget, self.input, self.output)
        )
        update = tanh_codes(self.update.sums(x, hidden), GATE_SCALING)
        kept, added = product(forget, cell, self.kept_scale), product(enter, update, self.added_scale)
        cell = saturated(kept.astype(np.int64) + added)
        if self.cell_clip:
            cell = np.clip(cell, -self.cell_clip, self.cell_clip)
        return product(output, tanh_codes(cell, self.cell_scaling), self.hidden_scale), cell


def wide_lstm(operands: Mapping[int, Tensor], cell_clip: float) -> WideLstm:
    """The numbers of a layer; `operands` by their number in the file. Unsupported for what the kernel does not take."""
    x, state, cell = operands[0], operands[18], operands[19]
    other = next((operands[i] for i in _PARTS if i in operands), None)
    require(
        other is None, f"%{other.name if other else ''} in int16; supported: no peepholes, projection, normalization"
    )
    require(1 in operands, "int16 without an input gate; supported: with one")
    require_quantized(x, state, cell)
    for t in (x, state):
        require(t.zero_point == 0, f"%{t.name} has zero point {t.zero_point}; supported: 0")
    require(state.scale > 2.0**-30, f"%{state.name} has scale {state.scale:g}; supported: above 2**-30")
    power = cell_power(cell)

    def gate(number: int) -> WideGate:
        bias = operands[12 + number]
        return WideGate(_dense(operands[1 + number], x, bias), _dense(operands[5 + number], state, None))

    return WideLstm(
        gate(0), gate(1), gate(2), gate(3),
        added_scale=_FINEST * _FINEST / cell.scale,
        hidden_scale=_FINEST * _FINEST / state.scale,
        cell_shift=power,
        cell_clip=clip_code(cell_clip, cell.scale, 32767),
    )  # fmt: skip


def _dense(weights: Tensor, source: Tensor, bias: Tensor | None) -> WideDense:
    """Products of `weights` with codes of `source`, scaled to a gate's sum."""
    require_quantized(weights)
    require(weights.zero_point == 0, f"%{weights.name} (weights) has zero point {weights.zero_point}; supported: 0")
    scale = source.scale * weights.scale / GATE_SCALE
    require(scale < 2**7, f"%{weights.name} has scale {weights.scale:g}, too large for what it is added to")
    own = np.zeros(len(weights.values), np.int64) if bias is None or bias.data is None else bias.data
    sizes = np.abs(weights.values.astype(np.int64)).sum(axis=1) * 2.0**15 + np.abs(own.astype(np.float64))
    bound = float(sizes.max())
    fits = bound < _WIDEST and bound * scale < _LARGEST
    require(fits, f"%{weights.name} overflows an accumulator for some inputs")
    return WideDense(weights.values, own, scale)
