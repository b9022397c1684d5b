"""The output stage of the DSP kernels: a few instructions where the scales allow it."""

from dataclasses import dataclass, replace

import numpy as np

from aot.kernels.call import Constant, Target
from aot.kernels.output import (
    ChannelOutput,
    ChannelOutputAny,
    FloatOutput,
    Output,
    PairedOutput,
    TensorOutput,
    TensorOutputAny,
)

_LARGEST_SHIFT = 22  # the zero point times 2^shift, and the rounded product, then fit 32 bits together
_NORMALIZED = 1 << 30  # multipliers are this at least, but for a scale of 0


@dataclass(frozen=True)
class Stage:
    """How a template prints it: `fast` is "fixed", "float", or empty where only the prelude's function will do.

    `scale` is "channel", "tensor" or "float", after what there is one of.
    """

    output: str
    fast: str
    scale: str
    full_range: bool
    rounding: str


def stage_of(output: Output, target: Target) -> Stage:
    """The stage for `output` on `target`."""
    full_range = (output.min, output.max) == (-128, 127)
    fast = "float" if isinstance(output, FloatOutput) and "fpu" in target.features else "fixed" * _is_easy(output)
    scale = "float" if fast == "float" else "channel" if isinstance(output, ChannelOutput) else "tensor"
    return Stage(output.c_name, fast, scale, full_range, target.rounding)


def tiles_output(output: Output, stage: Stage) -> Output:
    """`output` as tiles of two channels read it: scales in pairs of multiplier and shift, for an even number."""
    if isinstance(output, FloatOutput) and stage.fast:
        return replace(
            output, scale=Constant(output.scale.name, np.pad(output.scale.data, (0, output.scale.data.size % 2)))
        )
    if not isinstance(output, ChannelOutput) or not stage.fast:
        return output
    doubled = output.multiplier.data.astype(np.int64) * (1 if stage.rounding == "single" else 2)
    pairs = np.stack([doubled.astype(np.int32), output.shift.data.astype(np.int32)], axis=1)  # wraps, as the core does
    padded = np.pad(pairs, ((0, len(pairs) % 2), (0, 0)))
    name = output.shift.name.removesuffix("shift") + "scale"
    return PairedOutput(Constant(name, padded), output.zero_point, output.min, output.max)


def _is_easy(output: Output) -> bool:
    if isinstance(output, ChannelOutputAny | TensorOutputAny):
        return False
    if isinstance(output, ChannelOutput):
        return bool(output.shift.data.max() <= _LARGEST_SHIFT and output.multiplier.data.min() >= _NORMALIZED)
    return isinstance(output, TensorOutput) and output.shift <= _LARGEST_SHIFT and output.multiplier >= _NORMALIZED
