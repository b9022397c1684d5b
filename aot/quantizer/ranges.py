"""From what calibration saw of a tensor to the range that its codes cover. ESTIMATORS lists the ways."""

from collections.abc import Callable

import numpy as np

from aot.graph.ir import Array, Quant
from aot.quantizer.calibrate import Statistics
from aot.quantizer.histogram import Histogram

Range = tuple[float, float]

_TAIL = 1e-4  # the share of values beyond the range, together, that `percentile` gives up
_SHRUNK = np.linspace(1.0, 0.3, 71)  # the parts of the whole range that are tried
_LEVELS = 256


def parameters(low: float, high: float, dtype: str) -> Quant:
    """Scale and zero point whose codes cover the range and hold 0.0 exactly: TFLite's specification.

    int8 is asymmetric, int16 symmetric. A range of nothing gets a scale of 1.
    """
    if dtype == "int16":
        return Quant((_scale(max(abs(low), abs(high)) / 32767),), (0,))
    low, high = min(low, 0.0), max(high, 0.0)
    scale = _scale((high - low) / 255)
    return Quant((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))


def _scale(real: float) -> float:
    return float(np.float32(real)) if real > 1e-29 else 1.0


def min_max(seen: Statistics) -> Range:
    """The ends of everything seen."""
    return seen.low, seen.high


def moving_average(seen: Statistics) -> Range:
    """The moving average of the ends of each sample."""
    if seen.moving is None:
        raise ValueError("no sample was seen")
    return seen.moving


def percentile(seen: Statistics) -> Range:
    """All but the outermost values: half of `_TAIL` of them at each end that is not zero."""
    low, high = seen.histogram.quantile(_TAIL / 2), seen.histogram.quantile(1 - _TAIL / 2)
    return (low if seen.low < 0 else seen.low), (high if seen.high > 0 else seen.high)


def mean_squared_error(seen: Statistics) -> Range:
    """The range whose int8 codes are nearest to the values: one end is moved after the other, twice."""
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    best_low, best_high = low, high
    for _ in range(2):
        if high > 0:
            best_high = float(min(high * _SHRUNK, key=lambda h: _squared_error(seen.histogram, best_low, float(h))))
        if low < 0:
            best_low = float(min(low * _SHRUNK, key=lambda v: _squared_error(seen.histogram, float(v), best_high)))
    return best_low, best_high


def _squared_error(histogram: Histogram, low: float, high: float) -> float:
    quant = parameters(low, high, "int8")
    centres = histogram.centres
    codes = np.clip(np.rint(centres / quant.scale[0]) + quant.zero_point[0], -128, 127)
    error = (codes - quant.zero_point[0]) * quant.scale[0] - centres
    return float(histogram.counts @ (error * error))


def entropy(seen: Statistics) -> Range:
    """The part of the whole range, both ends shrunk alike, whose 256 levels diverge least (Kullback-Leibler).

    The method of NVIDIA's TensorRT: what lies outside is counted at the ends.
    """
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    part = float(min(_SHRUNK, key=lambda p: _divergence(seen.histogram, low * float(p), high * float(p))))
    return low * part, high * part


def _divergence(histogram: Histogram, low: float, high: float) -> float:
    centres, counts = histogram.centres, histogram.counts.astype(np.float64)
    inside = np.flatnonzero((centres >= low) & (centres <= high))
    if len(inside) < _LEVELS:
        return np.inf
    first, last = inside[0], inside[-1] + 1
    reference = counts[first:last].copy()
    smoothed = _through_levels(reference)
    reference[0] += counts[:first].sum()
    reference[-1] += counts[last:].sum()
    p, q = reference / reference.sum(), smoothed / max(smoothed.sum(), 1.0)
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / np.maximum(q[some], 1e-12))))


def _through_levels(counts: Array) -> Array:
    """`counts` as 256 levels would keep them: each level's sum, shared out among its bins that are not empty."""
    edges = np.linspace(0, len(counts), _LEVELS + 1).astype(int)
    sums, filled = (np.add.reduceat(of, edges[:-1]) for of in (counts, (counts > 0).astype(np.float64)))
    shares = np.repeat(sums / np.maximum(filled, 1), np.diff(edges))
    return np.where(counts > 0, shares, 0.0)


ESTIMATORS: dict[str, Callable[[Statistics], Range]] = {
    "min-max": min_max,
    "moving-average": moving_average,
    "percentile": percentile,
    "mse": mean_squared_error,
    "entropy": entropy,
}
