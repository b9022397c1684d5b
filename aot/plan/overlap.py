"""How far a call's output may lie over its input, from the order in which the call reads and writes."""

import math
from dataclasses import dataclass

import numpy as np

from aot.graph.fixedpoint import Array


@dataclass(frozen=True)
class Overlap:
    """Which distances in bytes, from where an input begins to where the output begins, leave the result as it is.

    Those that are a multiple of `step`, and at most `below` or at least `above`. (Where the two do not overlap, any.)
    """

    below: float = -math.inf
    above: float = math.inf
    step: int = 1

    def allows(self, distance: int) -> bool:
        """Whether the output may begin `distance` bytes behind the beginning of the input."""
        return distance % self.step == 0 and (distance <= self.below or distance >= self.above)

    def mirrored(self) -> "Overlap":
        """The same for the distance from the output to the input."""
        return Overlap(-self.above, -self.below, self.step)

    def both(self, other: "Overlap") -> "Overlap":
        """An overlap that this one and the other allow."""
        return Overlap(min(self.below, other.below), max(self.above, other.above), math.lcm(self.step, other.step))

    def next(self, distance: int) -> float:
        """The least distance from here on that is allowed."""
        rounded = -(-distance // self.step) * self.step
        if self.below < rounded < self.above:
            return self.above if math.isinf(self.above) else math.ceil(self.above / self.step) * self.step
        return rounded


SAME_PLACE = Overlap(below=0, above=0, step=1 << 40)  # address for address


def overlap_of(reads: Array, writes: Array) -> Overlap:
    """For a call that takes steps: each reads within `reads[i]`, then writes within `writes[i]`.

    Both are [steps, 2]: the first byte, and the one behind the last; where they are equal, nothing is touched. A
    distance is wrong if it puts a written byte on one that is read in a later step.
    """
    touched = (reads[:, 0] < reads[:, 1])[1:], (writes[:, 0] < writes[:, 1])[:-1]
    first_read = np.where(touched[0], reads[1:, 0], math.inf)
    last_read = np.where(touched[0], reads[1:, 1], -math.inf)
    first_write = np.where(touched[1], writes[:-1, 0], math.inf)
    last_write = np.where(touched[1], writes[:-1, 1], -math.inf)
    below = np.minimum.accumulate(first_read[::-1])[::-1] - np.maximum.accumulate(last_write)
    above = np.maximum.accumulate(last_read[::-1])[::-1] - np.minimum.accumulate(first_write)
    return Overlap(float(below.min(initial=math.inf)), float(above.max(initial=-math.inf)))


def most_shared(input_bytes: int, output_bytes: int, overlap: Overlap, alignment: int = 1) -> int:
    """The most bytes that an input and an output may share, at a distance that is a multiple of `alignment`."""
    step = math.lcm(overlap.step, alignment)
    inside = 0, input_bytes - output_bytes  # between these distances one lies inside the other
    best = 0
    for limit, rounded in ((min(overlap.below, max(inside)), math.floor), (max(overlap.above, min(inside)), math.ceil)):
        if not math.isinf(limit):
            distance = rounded(limit / step) * step
            best = max(best, min(input_bytes, distance + output_bytes) - max(0, distance))
    return best
