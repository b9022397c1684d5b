"""What quantizing did and what it costs, as text for people and as objects with stable keys. Prints nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.table import Table
from rich.text import Text

from aot.cli.report import Json, plain_table
from aot.quantizer import Quantized
from aot.quantizer.analysis import Layer, Report
from aot.quantizer.evaluate import Evaluation

_SHOWN_LAYERS = 8


def quantize_json(done: Quantized, found: Report | None = None) -> Json:
    """The object that `aot quantize --json` prints; `sqnr_db` is of the outputs, null where nothing was quantized.

    With a report, also every layer and the suggestions.
    """
    counts = Counter(done.types.values())
    return {
        "model": done.graph.name,
        "samples": done.calibration.samples,
        "held_out": len(done.held_out),
        "sqnr_db": round(done.sqnr(), 2) if done.changed else None,
        "operators": {dtype: counts[dtype] for dtype in ("int8", "int16", "float32")},
        "warnings": list(done.warnings),
        **({} if found is None else {"layers": [_layer_json(layer) for layer in found.layers]}),
        **({} if found is None else {"suggestions": [asdict(each) for each in found.suggestions]}),
    }


def _layer_json(layer: Layer) -> Json:
    """Decibels with two decimals, all else as it is."""
    values = asdict(layer)
    shown = {"sqnr_db": round(layer.sqnr, 2), "alone_db": None if layer.alone is None else round(layer.alone, 2)}
    return {key: value for key, value in values.items() if key not in ("sqnr", "alone")} | shown


def evaluation_lines(found: Evaluation) -> Iterator[str]:
    """What `aot evaluate` says."""
    yield f"{found.samples} samples"
    for who, score in (("the model", found.score), ("the float32 model", found.reference_score)):
        if score and score.accuracy is not None:
            yield f"{who} is right in {score.accuracy:.2%}"
        elif score and score.rmse is not None:
            yield f"{who} is off by {score.rmse:.4g} (root of the mean square)"
    for whom, like in (("float32", found.likeness), ("onnxruntime", found.framework)):
        if like is None:
            continue
        yield f"against {whom}: {like.sqnr:.1f} dB of SQNR, at most {like.largest_error:.4g} off"
        if like.agreement is not None:
            yield f"the largest output is the same one in {like.agreement:.2%}"


def layers_table(found: Report) -> Table:
    """One line for each quantized layer."""
    right = (3, 4, 5, 6, 7)
    headers = ("layer", "operator", "type", "range", "scale", "SQNR dB", "clipped", "unused codes")
    table = plain_table(*headers, right=right)
    for x in found.layers:
        scale, unused = "" if x.scale is None else f"{x.scale:.4g}", "" if x.unused is None else f"{x.unused:.0%}"
        cells = (x.name, x.kind, x.dtype, f"{x.low:.4g} ... {x.high:.4g}", scale, f"{x.sqnr:.1f}")
        table.add_row(*map(Text, (*cells, f"{x.clipped:.3%}", unused)))
    return table


def ranking_lines(found: Report) -> Iterator[str]:
    """The layers that cost most, and what would help."""
    yield "signal to noise at the outputs where one layer alone is quantized, the worst first:"
    yield from (f"  {layer.alone or 0.0:5.1f} dB  {layer.name}" for layer in found.ranked[:_SHOWN_LAYERS])
    yield from (f"suggestion: {suggestion}" for suggestion in found.suggestions)


def quantized_lines(done: Quantized, output: Path) -> Iterator[str]:
    """What `aot quantize` says."""
    if not done.changed:
        yield f"{done.graph.name} is in {output}, unchanged"
        return
    counts = Counter(done.types.values())
    shown = ", ".join(f"{counts[dtype]} in {dtype}" for dtype in ("int8", "int16", "float32") if counts[dtype])
    yield f"{done.graph.name} is in {output}: {counts.total()} operators, {shown}"
    found = f"{done.calibration.samples} samples; {done.sqnr():.1f} dB of SQNR at the outputs, over"
    if done.held_out:
        yield f"{found} {len(done.held_out)} others, which were held out"
        return
    yield f"{found} {len(done.calibration.kept)} of them"
    yield (
        "these it was calibrated with; on others: --holdout 0.2, "
        "or aot evaluate --inputs OTHERS --reference FLOAT.tflite"
    )
