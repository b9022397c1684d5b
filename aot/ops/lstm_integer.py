"""LSTMs of int8 with an int16 cell state, as TensorFlow Lite's reference kernel computes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array, Multiplier, requantize, rounding_shift_right
from aot.graph.ir import Quant, Tensor, Unsupported
from aot.ops.common import require, require_quantized
from aot.ops.gates import sigmoid_q, tanh_q
from aot.ops.lstm_parts import GATE_SCALE, cell_power, clip_code, saturated
from aot.ops.roots import inverse_root

NORM_BITS = 10  # of fraction in layer normalization
_GUARD = 10000  # times the scale of its weights: what stands for a variance below 1


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
class Norm:
    """Layer normalization: what sums are less their mean, over their deviation, is scaled and shifted, cell by cell.

    Mean and deviation have 10 bits of fraction; `least_variance` stands for variances below 1. What is left of products
    without that fraction has 32 bits, which only thousands of cells could exceed.
    """

    weights: Array
    bias: Array
    scale: float
    least_variance: int

    def normalized(self, sums: Array, rounding: str) -> Array:
        """int16, for each row of `sums`."""
        wide = sums.astype(np.int64)
        cells = wide.shape[1]
        total = wide.sum(axis=1) << NORM_BITS
        mean = np.sign(total) * (np.abs(total) // cells)
        squares = (wide * wide).sum(axis=1) * ((1 << 2 * NORM_BITS) // cells)
        variance = (squares - mean * mean) >> 2 * NORM_BITS
        roots = np.array([inverse_root(int(v) if v >= 1 else self.least_variance) for v in variance], np.int64)
        inverse = Multiplier(roots[:, :1], -roots[:, 1:])
        centred = requantize((wide << NORM_BITS) - mean[:, None], inverse, rounding)
        products = centred * self.weights + self.bias
        whole = rounding_shift_right(products, NORM_BITS).astype(np.int32)
        return saturated(requantize(whole, Multiplier.of(self.scale, rounding), rounding))


@dataclass(frozen=True)
class Gate:
    """What goes into a gate's function: input, hidden state and, through the peephole, the cell; perhaps normalized."""

    input: Dense
    recurrent: Dense
    peephole: Array | None
    peephole_scale: float
    norm: Norm | None

    def sums(self, x: Array, hidden: Array, cell: Array, rounding: str) -> Array:
        """int16, saturated after each addition."""
        result = saturated(self.input.sums(x, rounding))
        result = saturated(result + self.recurrent.sums(hidden, rounding))
        if self.peephole is not None:
            products = cell.astype(np.int64) * self.peephole
            result = saturated(result + requantize(products, Multiplier.of(self.peephole_scale, rounding), rounding))
        return result if self.norm is None else self.norm.normalized(result, rounding)


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
        return result if self.projection is None else self._projected(self.projection, result, rounding), cell

    def _projected(self, projection: Dense, hidden: Array, rounding: str) -> Array:
        result = np.clip(projection.sums(hidden, rounding) + self.state_zero, -128, 127)
        if self.projection_clip:
            result = np.clip(result, -self.projection_clip, self.projection_clip)
        return np.asarray(result.astype(np.int8))


def integer_lstm(
    operands: Mapping[int, Tensor],
    hidden: Quant | None,
    gate_scales: tuple[float, ...],
    cell_clip: float,
    projection_clip: float,
) -> IntegerLstm:
    """The numbers of a layer; `operands` by their number in the file. Unsupported for what the kernel does not take."""
    x, state, cell = operands[0], operands[18], operands[19]
    if hidden is None:
        raise Unsupported("no scale of the hidden product (intermediate tensor 4)")
    require(-128 <= hidden.zero_point[0] <= 127 and 1e-30 < hidden.scale[0] < 1e30, f"the hidden product has {hidden}")
    require_quantized(x, state, cell)
    shift = cell_power(cell)
    units = _gate_units(operands, gate_scales)

    def gate(number: int) -> Gate:
        norm = _norm(operands.get(20 + number), operands[12 + number])
        bias = None if norm is not None else operands[12 + number]
        return Gate(
            _dense(operands[1 + number], x.quantization, bias, units[number]),
            _dense(operands[5 + number], state.quantization, None, units[number]),
            *_peephole(operands, number, shift, units[number]),
            norm,
        )

    projection = None
    if 16 in operands:
        # LiteRT 2.3 takes the opposite of the zero point here, which matters where the product saturates.
        hidden = Quant(hidden.scale, (-hidden.zero_point[0],))
        projection = _dense(operands[16], hidden, operands.get(17), np.float32(state.scale))
    return IntegerLstm(
        gate(0) if 1 in operands else None, gate(1), gate(2), gate(3), projection,
        hidden_scale=float(np.float32(2.0**-15 / np.float32(hidden.scale[0]) * 2.0**-15)),
        hidden_zero=hidden.zero_point[0],
        state_zero=state.zero_point,
        cell_shift=shift,
        cell_clip=clip_code(cell_clip, cell.scale, 32767),
        projection_clip=clip_code(projection_clip, state.scale, 127),
    )  # fmt: skip


def _gate_units(operands: Mapping[int, Tensor], gate_scales: tuple[float, ...]) -> list[np.float32]:
    """The scale of each gate's sums: what the file says if they are normalized."""
    if 21 not in operands:
        return [np.float32(GATE_SCALE)] * 4
    fits = len(gate_scales) == 4 and all(1e-30 < scale < 1e30 for scale in gate_scales)
    require(fits, "layer normalization without the scales of the gates' sums (intermediate tensors 0 to 3)")
    return [np.float32(scale) for scale in gate_scales]


def _peephole(
    operands: Mapping[int, Tensor], gate: int, cell_shift: int, unit: np.float32
) -> tuple[Array | None, float]:
    """The weights of a gate's peephole, and the scale of their products with the cell.

    LiteRT 2.3 takes the number of outputs for that of cells: cells beyond it are not seen through a peephole, and with
    more of one sample they are mistaken for others.
    """
    weights = operands.get({0: 9, 1: 10, 3: 11}.get(gate, -1))
    if weights is None:
        return None, 0.0
    cell, (cells, units) = operands[19], operands[6].shape
    with np.errstate(over="ignore"):
        scale = float(np.float32(2.0**cell_shift) * _scale(weights) / unit)
    require(scale < 0.5, f"%{cell.name} has scale {cell.scale:g}, too large for its peepholes")
    fits = units == cells or (units < cells and cell.shape[0] == 1)
    require(fits, f"%{weights.name}: peepholes with {units} outputs, {cells} cells and {cell.shape[0]} samples; "
            "supported: as many outputs as cells, or fewer and one sample")  # fmt: skip
    return np.where(np.arange(cells) < units, weights.values, 0).astype(np.int16), scale


def _norm(weights: Tensor | None, bias: Tensor) -> Norm | None:
    if weights is None:
        return None
    require_quantized(weights)
    scale = _scale(weights)
    require(2**-30 <= float(scale) < GATE_SCALE, f"%{weights.name} has scale {scale:g}; supported: 2**-30 to 2**-12")
    guard = max(1, int(np.float32(_GUARD) * scale))
    return Norm(weights.values, bias.values, float(scale) / GATE_SCALE, guard)


def _scale(t: Tensor) -> np.float32:
    return np.float32(1) if t.quant is None else np.float32(t.quant.scale[0])


def _dense(weights: Tensor, source: Quant, bias: Tensor | None, unit: np.float32) -> Dense:
    """Products of `weights` with codes of `source`, scaled to `unit`."""
    require_quantized(weights)
    require(weights.zero_point == 0, f"%{weights.name} (weights) has zero point {weights.zero_point}; supported: 0")
    with np.errstate(over="ignore"):
        scale = float(np.float32(source.scale[0]) * _scale(weights) / unit)
    require(scale < 2**15, f"%{weights.name} has scale {weights.scale:g}, too large for what it is added to")
    own = np.zeros(len(weights.values), np.int64) if bias is None or bias.data is None else bias.data.astype(np.int64)
    folded = own - source.zero_point[0] * weights.values.astype(np.int64).sum(axis=1)
    bound = int((np.abs(weights.values.astype(np.int64)).sum(axis=1) * 128 + np.abs(folded)).max())
    left = max(0, int(Multiplier.of(scale).shift[0]))
    if bound << left >= 2**30:  # a bit to spare for what is added to the scaled sum
        raise Unsupported(f"%{weights.name} overflows a 32-bit accumulator for some inputs")
    return Dense(weights.values, folded, scale)
