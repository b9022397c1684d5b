"""What kernels that sum products have in common: packed weights, biases, the output stage, and C types."""

from dataclasses import dataclass

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Tensor
from aot.kernels.call import AnyKernel, Constant, Target, fit
from aot.kernels.common.accumulators import bias_note, number_types
from aot.kernels.common.output import Output, output_of
from aot.ops.common import Activation
from aot.ops.dense import Operands

SUFFIXES = {"int8": "s8", "int16": "s16", "float32": "f32"}


@dataclass(frozen=True)
class Sums:
    """Constants and output stage of one call, and what its template prints."""

    weights: Constant
    bias: Constant
    output: Output
    variant: dict[str, str]

    def with_window(self, window: str) -> dict[str, str]:
        """The template's variables where a window of the struct `window` is gathered."""
        return {**self.variant, "window": window}


def fit_type(kernel: AnyKernel, x: Tensor) -> None:
    """Raise DoesNotFit unless the kernel, by its name, is for the type of `x`."""
    fit(kernel.name.removesuffix("_dsp").endswith(f"_{SUFFIXES[x.dtype]}"), f"%{x.name} is {x.dtype}")


def sums_of(
    target: Target,
    weights: Array,
    operands: Operands,
    activation: Activation,
    *,
    taps_first: bool = False,
    fold_zero: bool = True,
) -> Sums:
    """For `weights` as [channels, taps], or with `taps_first` the other way round: so they are stored.

    Without `fold_zero`, the bias stays as it is, and the kernel subtracts the input's zero point.
    """
    x, _, _, y = operands
    output, bias = output_of(operands, weights.T if taps_first else weights, activation, target, fold_zero)
    order = "For each tap, the weights of all channels" if taps_first else "For each channel, the weights of all taps"
    constants = (
        Constant(f"{y.name}_weights", weights, order),
        Constant(f"{y.name}_bias", bias, bias_note(x, fold_zero)),
    )
    types = number_types(x, bias) | {"weight": C_TYPES[weights.dtype.name]}
    return Sums(*constants, output, {"output": output.stage.output, **types})


def itemsize(tensor: Tensor) -> int:
    """Bytes of one element."""
    return np.dtype(tensor.dtype).itemsize
