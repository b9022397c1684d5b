"""How far quantized values are from the float32 ones."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from aot.interpreter import run
from aot.ir import Array, Graph, Tensor
from aot.quantize.calibrate import Sample
from aot.quantize.convert import quantized_codes

_PERFECT = 200.0  # dB: what stands for no error at all


def decibels(signal: float, noise: float) -> float:
    """10 log10 of a ratio of powers, within 200 dB either way."""
    if noise <= 0:
        return _PERFECT
    return max(10 * math.log10(max(signal, 1e-300) / noise), -_PERFECT)


def reals(value: Array, tensor: Tensor) -> Array:
    """The reals that codes stand for, float64; or the value itself where it has no codes."""
    wide: Array = value.astype(np.float64)
    return wide if tensor.quant is None else (wide - tensor.zero_point) * tensor.scale


def as_inputs(sample: Sample, graph: Graph) -> Sample:
    """A sample of the float32 model as the inputs of the quantized `graph`: codes where it takes codes."""

    def converted(tensor: Tensor, value: Array) -> Array:
        if tensor.quant is None or value.dtype != np.float32:
            return value
        return quantized_codes(value, tensor.quant, tensor.dtype)

    return {name: converted(graph[name], value) for name, value in sample.items()}


class Noise:
    """The power of a signal and of the error beside it, summed up over samples."""

    def __init__(self) -> None:
        self.signal = self.noise = 0.0

    def add(self, expected: Array, value: Array) -> None:
        """The real values, and those to be compared with them."""
        difference = value - expected
        self.signal += float(np.vdot(expected, expected))
        self.noise += float(np.vdot(difference, difference))

    @property
    def sqnr(self) -> float:
        """The signal-to-quantization-noise ratio, in decibels."""
        return decibels(self.signal, self.noise)


def outputs_noise(reference: Graph, graph: Graph, samples: Iterable[Sample], rounding: str = "double") -> Noise:
    """All outputs of `graph` against those of the float32 model."""
    noise = Noise()
    for sample in samples:
        expected = run(reference, sample)
        value = run(graph, as_inputs(sample, graph), rounding)
        add_outputs(noise, reference, graph, expected, value)
    return noise


def add_outputs(
    noise: Noise, reference: Graph, graph: Graph, expected: Mapping[str, Array], value: Mapping[str, Array]
) -> None:
    """The outputs of one sample that are real: what counts or compares has no ratio."""
    for old, new in zip(reference.outputs, graph.outputs, strict=True):
        if reference[old].dtype != "float32":
            continue
        noise.add(expected[old].astype(np.float64), reals(value[new], graph[new]))
