"""What is kept of a tensor's values while samples stream by: counts in bins that widen as the range grows."""

import math

import numpy as np

from aot.graph.ir import Array

_BIN_BITS = 12  # a range takes between 2048 and 4096 bins: 8 to 16 for each int8 code
_RELATIVE = 2.0**-20  # values nearer together than this, against their magnitude, share a bin
_SMALLEST = 2.0**-100


class Histogram:
    """`counts[i]` values lie in bin `first + i`, which begins at `(first + i) * 2**exponent`.

    A bin's width is a power of two: where the range grows, neighbours are added up, and nothing is lost but detail. The
    memory does not depend on how many values are added.
    """

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf
        self.exponent, self.first = 0, 0
        self.counts: Array = np.zeros(0, np.int64)

    @property
    def width(self) -> float:
        """The width of a bin."""
        return math.ldexp(1.0, self.exponent)

    @property
    def centres(self) -> Array:
        """The middle of each bin, float64."""
        return (np.arange(len(self.counts)) + self.first + 0.5) * self.width

    def add(self, values: Array) -> None:
        """Count finite reals, at least one."""
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        self._widen(_exponent(self.low, self.high))
        bins = self._bin(values.astype(np.float64))
        first, last = int(self._bin(np.float64(self.low))), int(self._bin(np.float64(self.high)))
        counts = np.bincount((bins - first).ravel(), minlength=last - first + 1)
        counts[self.first - first : self.first - first + len(self.counts)] += self.counts
        self.first, self.counts = first, counts

    def _bin(self, values: Array | np.float64) -> Array:
        return np.asarray(np.floor(np.ldexp(values, -self.exponent)).astype(np.int64))

    def _widen(self, exponent: int) -> None:
        """Give bins the width 2**exponent, which is no smaller than it was."""
        if len(self.counts):
            wider = (np.arange(len(self.counts)) + self.first) >> (exponent - self.exponent)
            self.first = int(wider[0])
            self.counts = np.bincount(wider - self.first, weights=self.counts).astype(np.int64)
        self.exponent = exponent

    def quantile(self, share: float) -> float:
        """The real below which this share of all values lies; between the ends of a bin, in proportion."""
        target = share * float(self.counts.sum())
        cumulative = np.cumsum(self.counts)
        i = min(int(np.searchsorted(cumulative, target)), len(self.counts) - 1)
        before = float(cumulative[i] - self.counts[i])
        inside = (target - before) / max(float(self.counts[i]), 1.0)
        return min(max((self.first + i + inside) * self.width, self.low), self.high)


def _exponent(low: float, high: float) -> int:
    span = max(high - low, max(abs(low), abs(high)) * _RELATIVE, _SMALLEST)
    return math.frexp(span)[1] - _BIN_BITS
