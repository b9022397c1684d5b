"""Samples that are kept out of calibration, to measure on what the ranges were not made for."""

from collections.abc import Iterable, Iterator

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Graph
from aot.quantizer.calibrate import Sample

HOLDOUT_HINT = "a share below 1, or a count: --holdout 0.2, --holdout 50"


class Holdout:
    """The other samples, one at a time; `kept` are those held out: a share of all, evenly, or a number, at random."""

    def __init__(self, samples: Iterable[Sample], wanted: float, graph: Graph) -> None:
        """A `wanted` float is a share, an int a number. Raises AotError for what is neither, and for sequences."""
        share = isinstance(wanted, float)
        if isinstance(wanted, bool) or not (0 < wanted < 1 if share else isinstance(wanted, int) and wanted > 0):
            raise AotError(f"{wanted!r} is no part of the samples to hold out", HOLDOUT_HINT)
        if graph.state:
            raise AotError(f"{graph.name} remembers: its samples are one sequence, of which none can be held out",
                           "measure on another one: aot evaluate --inputs OTHERS --reference FLOAT.tflite")  # fmt: skip
        self.kept: list[Sample] = []
        self._samples, self._wanted = samples, wanted

    def __iter__(self) -> Iterator[Sample]:
        given = 0
        for sample in self._evenly() if isinstance(self._wanted, float) else self._at_random(self._wanted):
            given += 1
            yield sample
        if not given and self.kept:
            raise AotError(f"all of the {len(self.kept)} samples would be held out", "fewer of them: --holdout")
        if given and not self.kept:
            raise AotError(f"none of the {given} samples would be held out", "more of them: --holdout", HOLDOUT_HINT)

    def _evenly(self) -> Iterator[Sample]:
        for number, sample in enumerate(self._samples):
            if int((number + 1) * self._wanted) > int(number * self._wanted):
                self.kept.append(sample)
            else:
                yield sample

    def _at_random(self, count: int) -> Iterator[Sample]:
        """Reservoir sampling: each sample is held out with the same probability, however many there will be."""
        random = np.random.default_rng(0)
        for number, sample in enumerate(self._samples):
            if number < count:
                self.kept.append(sample)
                continue
            place = int(random.integers(number + 1))
            if place < count:
                self.kept[place], sample = sample, self.kept[place]
            yield sample
