"""The output stage of the DSP kernels: a few instructions where the scales allow it."""

from dataclasses import dataclass

from aot.kernels.call import Target
from aot.kernels.output import ChannelOutput, ChannelOutputAny, FloatOutput, Output, TensorOutput, TensorOutputAny

_LARGEST_SHIFT = 22  # the zero point times 2^shift, and the rounded product, then fit 32 bits together


@dataclass(frozen=True)
class Stage:
    """How a template prints it: `fast` is "fixed", "float", or empty where only the prelude's function will do."""

    output: str
    fast: str
    per_channel: bool
    full_range: bool
    rounding: str


def stage_of(output: Output, target: Target) -> Stage:
    """The stage for `output` on `target`."""
    full_range = (output.min, output.max) == (-128, 127)
    fast = "float" if isinstance(output, FloatOutput) and "fpu" in target.features else "fixed" * _is_easy(output)
    return Stage(output.c_name, fast, isinstance(output, ChannelOutput), full_range, target.rounding)


def _is_easy(output: Output) -> bool:
    if isinstance(output, ChannelOutputAny | TensorOutputAny):
        return False
    if isinstance(output, ChannelOutput):
        return bool(output.shift.data.max() <= _LARGEST_SHIFT)
    return isinstance(output, TensorOutput) and output.shift <= _LARGEST_SHIFT
