"""Runs a float32 graph over samples and keeps, of each tensor, what its range is estimated from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph, Tensor
from aot.oracle.interpreter import initial_state, next_state, run
from aot.quantizer.histogram import Histogram

_MOVING = 0.1  # the share that a new sample has in the moving average of the ends
_KEPT = (8, 64)  # the fewest and the most samples that stay in memory, to measure errors on
_VALUES = 2**20  # what the tensors of the kept samples hold, if there are more than the fewest
_LARGEST = 1e30  # no scale of a larger range is one that operators take

Sample = Mapping[str, Array]
Progress = Callable[[int], None]


class Statistics:
    """Of one tensor: its histogram, the moving average of each sample's ends, and the mean of each element."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.histogram = Histogram()
        self.moving: tuple[float, float] | None = None
        self.samples = 0
        self._sum: Array = np.zeros(shape, np.float64)

    def add(self, value: Array) -> None:
        """One sample's value."""
        self.histogram.add(value)
        low, high = float(value.min()), float(value.max())
        old_low, old_high = self.moving or (low, high)
        self.moving = old_low + _MOVING * (low - old_low), old_high + _MOVING * (high - old_high)
        self.samples += 1
        self._sum += value

    @property
    def low(self) -> float:
        """The smallest value of all samples."""
        return self.histogram.low

    @property
    def high(self) -> float:
        """The largest."""
        return self.histogram.high

    @property
    def mean(self) -> Array:
        """The mean over the samples, element by element."""
        return np.asarray(self._sum / self.samples)


@dataclass(frozen=True)
class Calibration:
    """What the samples showed: the statistics of every float32 tensor that is computed; and a few of the samples."""

    statistics: Mapping[str, Statistics]
    samples: int
    kept: tuple[Sample, ...]


def calibrate(graph: Graph, samples: Iterable[Sample], progress: Progress = lambda done: None) -> Calibration:
    """Run `graph` on each sample, one at a time: memory does not grow with their number.

    Samples have an array for each input, of its shape and type; a graph with a state meets them as one sequence.
    Raises AotError where there are none, or where a value is not finite.
    """
    real = [t for t in graph.tensors.values() if t.dtype == "float32" and not t.constant]
    statistics = {t.name: Statistics(t.shape) for t in real}
    kept: list[Sample] = []
    random = np.random.default_rng(0)
    room = _room(sum(t.elements for t in real))
    count, state = 0, initial_state(graph)
    for count, sample in enumerate(samples, start=1):
        values = run(graph, sample, state=state)
        state = next_state(graph, values)
        for tensor in real:
            _check_finite(tensor, values[tensor.name], tensor.name in graph.inputs, count)
            statistics[tensor.name].add(values[tensor.name])
        if not graph.state or count <= room:  # a sequence is kept from its beginning
            _keep(kept, sample, count, random, room)
        progress(count)
    if not count:
        raise AotError("there are no samples to calibrate with", "give a few dozen that are typical of the input")
    return Calibration(statistics, count, tuple(kept))


def _check_finite(tensor: Tensor, value: Array, given: bool, number: int) -> None:
    if bool(np.all(np.abs(value) < _LARGEST)):  # also false for not-a-number
        return
    what = "holds" if given else "makes"
    raise AotError(
        f"sample {number} {what} values of %{tensor.name} that are not finite, or beyond {_LARGEST:g}",
        "look at the samples: not-a-number, infinity, a wrong scale",
    )


def _room(elements: int) -> int:
    """How many samples to keep where the tensors of one have so many elements."""
    fewest, most = _KEPT
    return min(max(_VALUES // max(elements, 1), fewest), most)


def _keep(kept: list[Sample], sample: Sample, count: int, random: np.random.Generator, room: int) -> None:
    """Reservoir sampling: each of the samples so far is among the kept ones with the same probability."""
    place = len(kept) if len(kept) < room else int(random.integers(count))
    if place < room:
        kept[place : place + 1] = [{name: np.array(value) for name, value in sample.items()}]
