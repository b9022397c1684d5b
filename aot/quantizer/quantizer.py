"""The quantizer on one page: simplify, calibrate, choose types and scales, rewrite."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice

from aot.base.errors import AotError
from aot.frontends.tflite import writer as tflite_writer
from aot.graph.ir import Graph, Op, Tensor
from aot.ops.binary import Binary
from aot.ops.dequantize import Dequantize
from aot.ops.fully_connected import FullyConnected
from aot.ops.quantize import Quantize
from aot.oracle.doubts import pixels_as_they_are
from aot.passes.check_operators import check_operators, problems
from aot.quantizer.calibrate import Calibration, Progress, Sample, calibrate
from aot.quantizer.convert import convert
from aot.quantizer.equalize import equalize
from aot.quantizer.forms import Types, choose_forms, choose_types, real_operands
from aot.quantizer.holdout import Holdout
from aot.quantizer.options import DEFAULT, Options, check_choices, check_constants, check_layers
from aot.quantizer.quality import outputs_noise
from aot.quantizer.ranges import ESTIMATORS, Range, min_max
from aot.quantizer.simplify import simplify
from aot.quantizer.weights import quantized_weights


@dataclass(frozen=True)
class Quantized:
    """The float32 graph as it was simplified, what the samples showed of it, the quantized graph, and warnings.

    `held_out` are the samples that were kept out of calibration.
    """

    source: Graph
    calibration: Calibration
    types: Types
    graph: Graph
    warnings: tuple[str, ...] = field(default=())
    held_out: tuple[Sample, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Quantized {self.graph.name}: {len(self.graph.ops)} operators, {len(self.warnings)} warnings>"

    @property
    def changed(self) -> bool:
        """False where the model was quantized already."""
        return bool(self.types)

    @property
    def measured(self) -> tuple[Sample, ...]:
        """The samples that errors are measured on: those held out, or else those that calibration kept."""
        return self.held_out or self.calibration.kept

    def sqnr(self) -> float:
        """The signal-to-quantization-noise ratio of all outputs in decibels, over `measured`."""
        return outputs_noise(self.source, self.graph, self.measured).sqnr

    def tflite(self) -> bytes:
        """The quantized graph as the bytes of a .tflite file."""
        return tflite_writer.write(self.graph)


_ENOUGH = 20  # samples
_FIRST = 8  # samples that channels are equalized by


def is_quantized(graph: Graph) -> bool:
    """Whether nothing in `graph` computes in float32, except conversions at its ends."""
    return not any(any(real_operands(op, graph)) for op in graph.ops if not isinstance(op, Quantize | Dequantize))


def quantize(
    graph: Graph,
    samples: Iterable[Sample],
    options: Options = DEFAULT,
    progress: Progress = lambda done: None,
    holdout: float | None = None,
) -> Quantized:
    """Quantize what of `graph` is float32, with the ranges that `samples` show.

    With `holdout`, this share of the samples, or if it is an int so many, are kept out to measure errors on. A graph
    without float32 comes back as it is, and no sample is read. Raises AotError for operators or options that cannot
    be, and for samples that are not finite or none at all.
    """
    check_operators(graph)
    check_choices(options)
    if is_quantized(graph):
        return Quantized(graph, Calibration({}, 0, ()), {}, graph, (f"{graph.name} is quantized already",))
    check_constants(graph)
    lean = simplify(graph)
    check_layers(lean, options)
    others = None if holdout is None else Holdout(samples, holdout, graph)
    remaining = iter(samples if others is None else others)
    first = list(islice(remaining, _FIRST))
    if options.equalize and first:
        lean = equalize(lean, first)
    done = assemble(lean, calibrate(lean, chain(first, remaining), progress), options)
    warnings = (*done.warnings, *_pixels(graph, done.calibration))
    return replace(done, warnings=warnings, held_out=tuple(others.kept if others else ()))


def assemble(source: Graph, calibration: Calibration, options: Options = DEFAULT) -> Quantized:
    """Quantize a simplified graph whose statistics are known. What no integer kernel computes stays in float32."""

    @cache
    def range_of(name: str, dtype: str) -> Range:
        data = source[name].data
        if data is not None:
            return float(data.min()), float(data.max())
        estimate = ESTIMATORS[options.range] if dtype == "int8" else min_max
        return estimate(calibration.statistics[name])

    def weights(op: Op, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = calibration.statistics[op.inputs[0] or ""].mean if options.correct_bias else None
        return quantized_weights(op, source, x, mean, options.per_channel or not isinstance(op, FullyConnected))

    ends = "float32" if options.io == "float" else options.dtype
    kept: dict[str, str] = {}
    while True:
        types, reasons = choose_types(source, options.dtype, {*options.float, *kept}, {*options.int16})
        graph = convert(source, types, choose_forms(source, types, range_of, options.dtype), weights, ends)
        graph.check()
        refused = {p.op.name: p.reason for p in problems(graph) if types.get(p.op.name, "float32") != "float32"}
        if not refused:
            break
        kept |= refused
    check_operators(graph)
    stayed = _stayed(source, {**reasons, **kept}, options.strict)
    warnings = (*stayed, *_idle(source, calibration), *_few(calibration))
    return Quantized(source, calibration, types, graph, warnings)


def _stayed(source: Graph, reasons: Mapping[str, str], strict: bool) -> list[str]:
    """What is still float32 though nobody asked for it: a warning for each, or with `strict` an error."""
    lines = []
    for op in source.ops:
        if op.name in reasons:
            more = 3 * sum(t.elements for t in real_operands(op, source))
            why = f"{reasons[op.name]}; its tensors take {more:,} bytes more"
            lines.append(f"{op.kind} (%{op.name}) stays in float32: {why}")
    if lines and strict:
        raise AotError(f"{source.name} cannot be quantized as a whole", *lines, "without --strict they stay in float32")
    return lines


def _few(calibration: Calibration) -> list[str]:
    """Too few samples to show the ranges of anything."""
    if calibration.samples >= _ENOUGH:
        return []
    return [f"only {calibration.samples} samples to calibrate with: a few dozen that are typical make a better model"]


def _pixels(graph: Graph, calibration: Calibration) -> list[str]:
    """Inputs of images that got pixels as they are, where the model does not scale them itself."""
    return [
        f"the samples of %{name} look like pixels of 0 to 255: if the model was trained with 0 to 1, use x / 255"
        for name in graph.inputs
        if name in calibration.statistics
        and pixels_as_they_are(calibration.statistics[name].low, calibration.statistics[name].high, graph[name])
        and not any(isinstance(op, Binary) for op in graph.consumers(name))
    ]


def _idle(source: Graph, calibration: Calibration) -> list[str]:
    """Layers that showed nothing but one value."""
    return [
        f"%{name} is {seen.low:g} for every sample: a layer that never activates, or samples that are too alike"
        for name, seen in calibration.statistics.items()
        if seen.low == seen.high and source[name].elements > 1
    ]
