"""How far quantized values are from the float32 ones."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np

from aot.graph.ir import Array, Graph, Tensor
from aot.oracle.interpreter import initial_state, next_state, run_all
from aot.quantizer.calibrate import Sample
from aot.quantizer.convert import quantized_codes

_AT_ONCE = 8  # samples, whose values all stay in memory
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


class Reference:
    """What the float32 model computes for some samples, kept so that many quantized ones can be compared with it."""

    def __init__(self, graph: Graph, samples: Iterable[Sample]) -> None:
        self.graph = graph
        self._samples = tuple(samples)
        self.values = tuple(run_all(graph, self._samples))
        self._ops = {op.name: op for op in graph.ops}

    def outputs_noise(self, graph: Graph) -> Noise:
        """All outputs of a quantized model, over all samples, that are real: what counts or compares has no ratio."""
        noise = Noise()
        ends = list(zip(self.graph.outputs, graph.outputs, strict=True))
        for expected, value in self.runs(graph):
            for old, new in ends:
                if self.graph[old].dtype == "float32":
                    noise.add(expected[old].astype(np.float64), reals(value[new], graph[new]))
        return noise

    def runs(self, graph: Graph) -> Iterator[tuple[Mapping[str, Array], Mapping[str, Array]]]:
        """For each sample: the values of the float32 model, and those of `graph`, made from it."""
        state = initial_state(graph)
        for sample, expected in zip(self._samples, self.values, strict=True):
            values = self._run(graph, as_inputs(sample, graph), state, expected)
            state = next_state(graph, values)
            yield expected, values

    def _run(
        self, graph: Graph, inputs: Sample, state: Mapping[str, Array], expected: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Operators that are as they were, with inputs that are, are not computed again."""
        values = {name: t.data for name, t in graph.tensors.items() if t.data is not None} | dict(inputs)
        same = {name for name, value in values.items() if name in expected and graph[name].dtype == "float32"}
        values |= state  # which an error may have changed
        for op in graph.ops:
            if op == self._ops.get(op.name) and same.issuperset(name for name in op.inputs if name is not None):
                values |= {name: expected[name] for name in op.outputs}
                same |= set(op.outputs)
            else:
                values |= graph.step(op, values, "double")
        return values


def outputs_noise(reference: Graph, graph: Graph, samples: Iterable[Sample]) -> Noise:
    """All outputs of `graph` against those of the float32 model; a few samples at a time where none is remembered."""
    total, remaining = Noise(), iter(samples)
    while some := tuple(remaining if reference.state else islice(remaining, _AT_ONCE)):
        found = Reference(reference, some).outputs_noise(graph)
        total.signal += found.signal
        total.noise += found.noise
    return total
