"""Accumulators: how large they can become, what they begin with, and their type in C."""

import numpy as np

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Array, Tensor
from aot.kernels.call import fit

PLAIN_BIAS = "For each channel, its bias"
FOLDED_BIAS = "For each channel, what its sums begin with: its bias less the input's zero point times its weights"


def bias_note(x: Tensor, fold_zero: bool = True) -> str:
    """What the array of `folded_bias` holds."""
    return FOLDED_BIAS if fold_zero and x.dtype != "float32" and x.zero_point else PLAIN_BIAS


def accumulator_bound(weights: Array, bias: Array, largest: int = 128) -> int:
    """How large an accumulator can ever become, for [channels, taps] `weights` and inputs up to `largest`."""
    return int((np.abs(bias.astype(np.int64)) + np.abs(weights.astype(np.int64)).sum(1) * largest).max())


def folded_bias(weights: Array, bias: Array | None, x: Tensor, fold_zero: bool = True) -> tuple[Array, int]:
    """bias - zero_point * sum(weights) for each channel of [channels, taps]: inputs then need no offset at all.

    Also the bound on the size of any accumulator, at any time; of int64 where one can leave 32 bits. Reals stay apart:
    their bias is added last.
    """
    plain = np.zeros(weights.shape[0], weights.dtype if weights.dtype == np.float32 else np.int64)
    plain = plain if bias is None else bias.reshape(-1)
    if x.dtype == "float32":
        return plain, 0
    zero = x.zero_point if fold_zero else 0
    folded = plain.astype(np.int64) - zero * weights.astype(np.int64).sum(1)
    largest = -int(np.iinfo(x.dtype).min) + abs(x.zero_point - zero)
    bound = accumulator_bound(weights, folded, largest)
    fit(bound < 2**31 or x.dtype == "int16", f"an accumulator can reach {bound}, which needs more than 32 bits")
    return folded.astype(np.int32 if bound < 2**31 else np.int64), bound


def number_types(x: Tensor, bias: Array) -> dict[str, str]:
    """What templates print as the C types of elements, weights, one element in a sum, and sums; and their suffix."""
    if x.dtype == "float32":
        return {"type": "float", "weight": "float", "value": "float", "acc": "float", "suffix": "f32"}
    suffix = "s8" if x.dtype == "int8" else "s16"
    types = {"type": C_TYPES[x.dtype], "weight": "int8_t", "value": "int32_t", "suffix": suffix}
    return {**types, "acc": C_TYPES[bias.dtype.name]}
