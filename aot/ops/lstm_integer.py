"""LSTMs of int8 with an int16 cell state, as TensorFlow Lite's reference kernel computes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.fixedpoint import Array, Multiplier, requantize, rounding_shift_right
from aot.ir import Quant, Tensor, Unsupported
from aot.ops.common import require, require_quantized
from aot.ops.gates import sigmoid_q, tanh_q

GATE_SCALE = 2.0**-12  # of what goes into a gate's function
_CELL_BITS = range(-15, -8)  # powers of two that the cell's scale may be


@dataclass(frozen=True)
class Dense:
    """int8 weights, the bias with the input's zero point in it, and the scale of their sums."""

    weights: Array
    bias: Array
    scale: float

    def sums(self, x: Array, rounding: str) -> Array:
        """The scaled sums for each row of `x`."""
        acc = x.astype(np.int64) @ self.weights.astype(np.int64).T + self.bias
        return requantize(acc, Multiplier.of(self.scale, rounding), rounding)


@dataclass(frozen=True)
class Gate:
    """What goes into a gate's function: input, hidden state and, through the peephole, the cell."""

    input: Dense
    recurrent: Dense
    peephole: Array | None
    peephole_scale: float

    def sums(self, x: Array, hidden: Array, cell: Array, rounding: str) -> Array:
        """int16, saturated after each addition."""
        result = saturated(self.input.sums(x, rounding))
        result = saturated(result + self.recurrent.sums(hidden, rounding))
        if self.peephole is not None:
            products = cell.astype(np.int64) * self.peephole
            result = saturated(result + requantize(products, Multiplier.of(self.peephole_scale, rounding), rounding))
        return result


@dataclass(frozen=True)
class IntegerLstm:
    """All numbers of a layer. Without an input gate, that is 1 less the forget gate."""

    input: Gate | None
    forget: Gate
    update: Gate
    output: Gate
    projection: Dense | None
    hidden_scale: float
    hidden_zero: int
    state_zero: int
    cell_shift: int  # the cell's scale is 2**cell_shift
    cell_clip: int
    projection_clip: int

    def step(self, x: Array, hidden: Array, cell: Array, rounding: str) -> tuple[Array, Array]:
        """Hidden state and cell after a step."""
        forget = sigmoid_q(self.forget.sums(x, hidden, cell, rounding))
        update = tanh_q(self.update.sums(x, hidden, cell, rounding), 3)
        enter = 32767 - forget if self.input is None else sigmoid_q(self.input.sums(x, hidden, cell, rounding))
        kept = rounding_shift_right(forget.astype(np.int64) * cell, 15)
        new = rounding_shift_right(enter.astype(np.int64) * update, 30 + self.cell_shift)
        cell = saturated(kept.astype(np.int16).astype(np.int64) + new.astype(np.int16))
        if self.cell_clip:
            cell = np.clip(cell, -self.cell_clip, self.cell_clip)
        output = sigmoid_q(self.output.sums(x, hidden, cell, rounding))
        product = output.astype(np.int64) * tanh_q(cell, 15 + self.cell_shift)
        codes = requantize(product, Multiplier.of(self.hidden_scale, rounding), rounding) + self.hidden_zero
        result = np.clip(codes, -128, 127).astype(np.int8)
        return result if self.projection is None else self._projected(result, rounding), cell

    def _projected(self, hidden: Array, rounding: str) -> Array:
        assert self.projection is not None
        result = np.clip(self.projection.sums(hidden, rounding) + self.state_zero, -128, 127)
        if self.projection_clip:
            result = np.clip(result, -self.projection_clip, self.projection_clip)
        return np.asarray(result.astype(np.int8))


def saturated(x: Array) -> Array:
    """`x` within int16."""
    return np.clip(x, -32768, 32767).astype(np.int16)


def integer_lstm(
    operands: Mapping[int, Tensor], hidden: Quant | None, cell_clip: float, projection_clip: float
) -> IntegerLstm:
    """The numbers of a layer; `operands` by their number in the file. Unsupported for what the kernel does not take."""
    x, state, cell = operands[0], operands[18], operands[19]
    require(isinstance(hidden, Quant), "no scale of the hidden product (intermediate tensor 4)")
    assert hidden is not None
    require(-128 <= hidden.zero_point[0] <= 127 and 1e-30 < hidden.scale[0] < 1e30, f"the hidden product has {hidden}")
    require(not any(i in operands for i in range(20, 24)), "layer normalization in int8; supported: in float32")
    require(16 not in operands or 10 not in operands, "a peephole and a projection in int8; supported: in float32")
    require_quantized(x, state, cell)
    shift = _power_of_two(cell)
    scales = {i: _scale(t) for i, t in operands.items()}

    def dense(number: int, source: Quant, bias: Tensor | None, scale: np.float32) -> Dense:
        weights = operands[number]
        assert weights.data is not None
        with np.errstate(over="ignore"):
            ratio = float(np.float32(source.scale[0]) * scales[number] / scale)
        require(ratio < 2**15, f"%{weights.name} has scale {scales[number]:g}, too large for what it is added to")
        return _dense(weights, source.zero_point[0], bias, ratio)

    def gate(number: int) -> Gate:
        assert x.quant is not None and state.quant is not None
        unit = np.float32(GATE_SCALE)
        peephole = operands.get({0: 9, 1: 10, 3: 11}.get(number, -1))
        with np.errstate(over="ignore"):
            through = np.float32(0) if peephole is None else np.float32(2.0**shift) * _scale(peephole) / unit
        require(float(through) < 0.5, f"%{cell.name} has scale {cell.scale:g}, too large for its peepholes")
        return Gate(
            dense(1 + number, x.quant, operands[12 + number], unit),
            dense(5 + number, state.quant, None, unit),
            None if peephole is None else peephole.data,
            float(through),
        )

    projection = None
    if 16 in operands:
        # LiteRT 2.3 takes the opposite of the zero point here, which matters where the product saturates.
        hidden = Quant(hidden.scale, (-hidden.zero_point[0],))
        projection = dense(16, hidden, operands.get(17), np.float32(state.scale))
    return IntegerLstm(
        gate(0) if 1 in operands else None, gate(1), gate(2), gate(3), projection,
        hidden_scale=float(np.float32(2.0**-15 / np.float32(hidden.scale[0]) * 2.0**-15)),
        hidden_zero=hidden.zero_point[0],
        state_zero=state.zero_point,
        cell_shift=shift,
        cell_clip=_clip_code(cell_clip, 2.0**shift, 32767),
        projection_clip=_clip_code(projection_clip, state.scale, 127),
    )  # fmt: skip


def _clip_code(real: float, scale: float, highest: int) -> int:
    with np.errstate(over="ignore"):
        return int(min(float(np.float32(real) / np.float32(scale)), highest))


def _scale(t: Tensor) -> np.float32:
    return np.float32(1) if t.quant is None else np.float32(t.quant.scale[0])


def _power_of_two(cell: Tensor) -> int:
    fraction, exponent = np.frexp(cell.scale)
    fits = fraction == 0.5 and exponent - 1 in _CELL_BITS and cell.zero_point == 0
    require(bool(fits), f"%{cell.name} (cell state) has {cell.quant}; supported: a power of two up to 2**-9, and 0")
    return int(exponent) - 1


def _dense(weights: Tensor, zero: int, bias: Tensor | None, scale: float) -> Dense:
    assert weights.data is not None
    require_quantized(weights)
    require(weights.zero_point == 0, f"%{weights.name} (weights) has zero point {weights.zero_point}; supported: 0")
    own = np.zeros(len(weights.data), np.int64) if bias is None or bias.data is None else bias.data.astype(np.int64)
    folded = own - zero * weights.data.astype(np.int64).sum(axis=1)
    bound = int((np.abs(weights.data.astype(np.int64)).sum(axis=1) * 128 + np.abs(folded)).max())
    left = max(0, int(Multiplier.of(scale).shift[0]))
    if bound << left >= 2**30:  # a bit to spare for what is added to the scaled sum
        raise Unsupported(f"%{weights.name} overflows a 32-bit accumulator for some inputs")
    return Dense(weights.data, folded, scale)
