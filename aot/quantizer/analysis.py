"""Where accuracy is lost: every layer's range, codes and error, and what each alone costs at the model's outputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Op, Tensor
from aot.quantizer.calibrate import Statistics
from aot.quantizer.options import Options
from aot.quantizer.quality import Noise, Reference, reals
from aot.quantizer.quantizer import Quantized, assemble

_MEASURED = 64  # samples, whose values all stay in memory
_BARS = 64  # of a histogram that is shown
_TRIED = 3  # layers for which a suggestion is measured
_WORTH = 0.5  # dB that a suggestion must gain


@dataclass(frozen=True)
class Layer:
    """One operator: what its output was seen to be, how it is quantized, and what that costs.

    `sqnr` compares its output in the quantized model with the float32 one; `alone` the model's outputs where this
    operator alone is quantized (None for what only moves values). `clipped` is the share of values beyond the range,
    `unused` that of codes that stand for no value seen. `bars` counts values in equal parts of `low` to `high`.
    """

    name: str
    kind: str
    dtype: str
    low: float
    high: float
    scale: float | None
    zero_point: int | None
    sqnr: float
    alone: float | None
    clipped: float
    unused: float | None
    bars: tuple[int, ...]


@dataclass(frozen=True)
class Suggestion:
    """Another type for a layer, and the decibels that the model's outputs gain by it."""

    layer: str
    dtype: str
    gain: float

    def __str__(self) -> str:
        option = "--int16" if self.dtype == "int16" else "--float"
        return f"{option} {self.layer} gains {self.gain:.1f} dB"


@dataclass(frozen=True)
class Report:
    """All layers in order, the model's own ratio in decibels, and what would improve it, the best first."""

    model: str
    sqnr: float
    samples: int
    layers: tuple[Layer, ...]
    suggestions: tuple[Suggestion, ...]

    @property
    def ranked(self) -> list[Layer]:
        """The layers that cause an error, the worst first."""
        return sorted((x for x in self.layers if x.alone is not None), key=lambda layer: layer.alone or 0.0)


def analyse(made: Quantized, options: Options, progress: Callable[[int], None] = lambda done: None) -> Report:
    """The report of a quantized model, over the samples that it is measured on, if not too many."""
    measured = made.measured[:_MEASURED]
    reference = Reference(made.source, measured)
    noise = _layer_noise(made, reference)
    layers = []
    for number, op in enumerate(made.source.ops, start=1):
        if op.name in made.types and made.source[op.outputs[0]].dtype == "float32":
            layers.append(_layer(made, op, noise[op.name].sqnr, _alone(made, op, options, reference)))
        progress(number)
    sqnr = reference.outputs_noise(made.graph).sqnr
    report = Report(made.graph.name, sqnr, len(measured), tuple(layers), ())
    return replace(report, suggestions=_suggestions(made, report, options, reference))


def _layer_noise(made: Quantized, reference: Reference) -> dict[str, Noise]:
    """Of each operator's first output, in the quantized model."""
    names = {op.name: op.outputs[0] for op in made.graph.ops}
    noise = {op.name: Noise() for op in made.source.ops}
    for expected, value in reference.runs(made.graph):
        for op in made.source.ops:
            if made.source[op.outputs[0]].dtype == "float32" and op.name in names:
                tensor = made.graph[names[op.name]]
                noise[op.name].add(expected[op.outputs[0]].astype(np.float64), reals(value[tensor.name], tensor))
    return noise


def _layer(made: Quantized, op: Op, sqnr: float, alone: float | None) -> Layer:
    seen = made.calibration.statistics[op.outputs[0]]
    tensor = next(made.graph[each.outputs[0]] for each in made.graph.ops if each.name == op.name)
    clipped, unused = (0.0, None) if tensor.quant is None else _codes(seen, tensor)
    return Layer(
        name=op.name,
        kind=op.kind,
        dtype=made.types[op.name],
        low=seen.low,
        high=seen.high,
        scale=tensor.scale if tensor.quant else None,
        zero_point=tensor.zero_point if tensor.quant else None,
        sqnr=sqnr,
        alone=alone,
        clipped=clipped,
        unused=unused,
        bars=_bars(seen),
    )


def _codes(seen: Statistics, tensor: Tensor) -> tuple[float, float]:
    """The shares of values beyond the codes, and of codes that no value is near to; int16 has too many to tell."""
    info = np.iinfo(tensor.dtype)
    codes = np.rint(seen.histogram.centres / tensor.scale) + tensor.zero_point
    outside = (codes < info.min) | (codes > info.max)
    counts = seen.histogram.counts
    clipped = float(counts[outside].sum() / counts.sum())
    used = np.unique(np.clip(codes[counts > 0], info.min, info.max))
    return clipped, 1 - len(used) / (int(info.max) - int(info.min) + 1)


def _bars(seen: Statistics) -> tuple[int, ...]:
    histogram = seen.histogram
    ends = (min(seen.low, 0.0), max(seen.high, 0.0))
    bars, _ = np.histogram(np.clip(histogram.centres, *ends), _BARS, ends, weights=histogram.counts.astype(np.float64))
    return tuple(int(bar) for bar in bars)


def _alone(made: Quantized, op: Op, options: Options, reference: Reference) -> float | None:
    """The ratio at the model's outputs where only `op` is quantized."""
    if op.scheme.operands != "own" or made.types[op.name] == "float32":
        return None
    others = made.types.keys() - {op.name}
    only = replace(options, float=others, io="float", int16={*options.int16} & {op.name}, strict=False)
    return reference.outputs_noise(assemble(made.source, made.calibration, only).graph).sqnr


def _suggestions(made: Quantized, report: Report, options: Options, reference: Reference) -> tuple[Suggestion, ...]:
    """Other types for the layers that cause most of the error, where they help."""
    worst = [layer.name for layer in report.ranked[:_TRIED] if layer.dtype == "int8"]
    found = [_suggestion(made, name, report.sqnr, options, reference) for name in worst]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: -each.gain))


def _suggestion(made: Quantized, name: str, sqnr: float, options: Options, reference: Reference) -> Suggestion | None:
    """The smaller type in which the layer `name` makes the model better, if one does."""
    for dtype, changed in (
        ("int16", replace(options, int16={*options.int16, name})),
        ("float32", replace(options, float={*options.float, name})),
    ):
        other = assemble(made.source, made.calibration, replace(changed, strict=False))
        if other.types[name] != dtype:
            continue  # no kernel for it
        gain = reference.outputs_noise(other.graph).sqnr - sqnr
        if gain >= _WORTH:
            return Suggestion(name, dtype, gain)
    return None
