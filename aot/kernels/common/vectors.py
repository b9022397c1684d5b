"""What the kernels for cores with MVE share: weights packed for vectors of sixteen, and scales for vectors of four.

VMLADAVA adds the products of sixteen bytes each to a sum. So taps are taken sixteen at a time; weights of those that
fill up are zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aot.graph.ir import Array
from aot.kernels.call import Constant, Params, Target, fit
from aot.kernels.common.output import Output, output_of
from aot.ops.common import Activation
from aot.ops.dense import Operands

TAPS = 16  # bytes of a vector
LANES = 4  # sums of a vector
COLUMNS = 2  # computed together by pair_*

_SCALES = {
    "tensor": "For each four channels, what their sums begin with",
    "float": "For each four channels: what their sums begin with; the bits of their float scales",
    "channel": "For each four channels: what their sums begin with; multipliers; shifts to the left: "
    "scales are multiplier * 2^(shift - 31)",
}
_OF_CHANNELS = {
    "float": "For each channel: what its sums begin with; the bits of its float scale",
    "channel": "For each channel: what its sums begin with; multiplier; shift to the left: "
    "its scale is multiplier * 2^(shift - 31)",
}


@dataclass(frozen=True)
class VectorOutput(Params):
    """The output stage as vectors take it; `scale` is what there is one of, as in Stage."""

    scale: str
    scales: Constant
    zero: int
    min: int
    max: int
    multiplier: int | None
    shift: int | None

    @property
    def c_name(self) -> str:
        return "vector_output_tensor" if self.scale == "tensor" else "vector_output"

    @property
    def variant(self) -> Mapping[str, object]:
        """What templates print by."""
        return {"scale": self.scale, "stage": self.c_name}


def vector_output(
    operands: Operands, weights: Array, activation: Activation, target: Target, lanes: int
) -> VectorOutput:
    """Of a layer with [channels, taps] weights, channels filled up to a multiple of `lanes`.

    Raises DoesNotFit where outputs need more than a multiplication and a shift to the right, or an FPU that the core
    does not have.
    """
    y = operands[3]
    output, bias = output_of(operands, weights, activation, target)
    channels = -(-len(bias) // lanes) * lanes
    scale, parts = _parts(output, target)
    rows = [np.pad(part.astype(np.int32), (0, channels - len(bias))) for part in (bias, *parts)]
    quads = np.stack(rows).reshape(len(rows), -1, LANES).swapaxes(0, 1)
    words = Constant(f"{y.name}_scales", np.ascontiguousarray(quads), _SCALES[scale])
    limits = int(output.min), int(output.max)
    tensor = scale == "tensor"
    multiplier, shift = (output.multiplier, output.shift) if tensor else (None, None)
    assert not isinstance(multiplier, Constant) and not isinstance(shift, Constant)
    left = None if shift is None else -shift - _extra(target)
    return VectorOutput(scale, words, output.zero_point or 0, *limits, multiplier, left)


def _parts(output: Output, target: Target) -> tuple[str, list[Array]]:
    """What there is one scale of, and what of it each channel has, as int32."""
    if output.scale is not None:
        fit("fpu" in target.features, "the core has no fpu")
        return "float", [output.scale.data.astype(np.float32).view(np.int32)]
    if isinstance(output.multiplier, Constant) and isinstance(output.shift, Constant):
        shift = output.shift.data.astype(np.int32) + _extra(target)
        _fit_shift(int(shift.min()))
        return "channel", [output.multiplier.data, -shift]
    assert isinstance(output.shift, int)
    _fit_shift(output.shift + _extra(target))
    return "tensor", []


def _extra(target: Target) -> int:
    """What a shift after a multiplication that doubles is more; in `single` rounding it follows the upper half."""
    return 1 if target.rounding == "single" else 0


def _fit_shift(least: int) -> None:
    fit(least > 0, "a scale is too large for a shift to the right alone")


def pack_quads(weights: Array, lanes: int, last_first: bool = False) -> Array:
    """[channels, taps] as [lanes channels, sixteen taps, channel, tap]; with `last_first`, of the last taps first."""
    padded = np.pad(weights, [(0, -size % step) for size, step in zip(weights.shape, (lanes, TAPS), strict=True)])
    split = padded.reshape(len(padded) // lanes, lanes, -1, TAPS).swapaxes(1, 2)
    return np.ascontiguousarray(np.roll(split, 1, axis=1) if last_first else split)


def packed_note(lanes: int, last_first: bool = False) -> str:
    """What `pack_quads` makes, in words."""
    channels = "four" if lanes == LANES else "eight"
    order = ", the last sixteen first" if last_first else ""
    return f"For each {channels} channels, for each sixteen taps{order}: their weights, channel by channel"


def pairs_work(columns: int, channels: int, depth: int) -> dict[str, float]:
    """Of pair_*, for so many columns: calls, sixteen taps by four channels, and outputs."""
    pairs = -(-columns // COLUMNS)
    quads = pairs * -(-channels // LANES)
    return {"pairs": pairs, "sixteens": quads * -(-depth // TAPS), "stages": quads}


def channel_output(operands: Operands, weights: Array, activation: Activation, target: Target) -> VectorOutput:
    """The same for channels that are computed one by one: each has its words side by side, and a scale of its own."""
    y = operands[3]
    output, bias = output_of(operands, weights, activation, target)
    scale, parts = _parts(output, target)
    if scale == "tensor":
        assert isinstance(output.multiplier, int) and isinstance(output.shift, int)
        same = np.array([output.multiplier, -output.shift - _extra(target)])
        scale, parts = "channel", [np.full(len(bias), value) for value in same]
    rows = np.stack([part.astype(np.int32) for part in (bias, *parts)], axis=1)
    words = Constant(f"{y.name}_scales", np.ascontiguousarray(rows), _OF_CHANNELS[scale])
    return VectorOutput(scale, words, output.zero_point or 0, int(output.min), int(output.max), None, None)
