"""`aot quantize`, `aot convert` and `aot evaluate`: from float32 to integers, and what that costs."""

from dataclasses import asdict

from aot import api
from aot.base.files import refuse_unwritable
from aot.cli import options, quantize_options, quantize_report
from aot.cli.console import progress, show, show_json, show_table, warn
from aot.quantizer.analysis import analyse
from aot.quantizer.page import write_page


@options.grouped
def quantize(
    model: options.Model,
    calibration: quantize_options.Calibration,
    output: quantize_options.Quantized,
    images: quantize_options.Images,
    choices: quantize_options.Choices,
    ports: options.Ports,
    with_report: quantize_options.Report = False,
    holdout: quantize_options.Holdout = None,
    html: quantize_options.Html = None,
    force: options.ForceFile = False,
    as_json: options.AsJson = False,
) -> None:
    """Quantize a float32 MODEL to int8 with typical samples, and write it as a .tflite file."""
    chosen = choices.chosen()
    if html is not None:
        refuse_unwritable(html)
    with progress("calibrating") as told:
        done = api.quantize_file(
            model, calibration, output, chosen,
            images=images.chosen(), holdout=quantize_options.part_of(holdout), force=force, progress=told,
            **ports.choices(),
        )  # fmt: skip
    with progress("measuring", "layers") as told:
        found = analyse(done, chosen, told) if done.changed and (with_report or html) else None
    if found and html is not None:
        write_page(html, found)
    warn(done.warnings)
    if found is None and (with_report or html):
        warn(["there is no report of what is not quantized"])
    if as_json:
        show_json(quantize_report.quantize_json(done, found))
        return
    show("\n".join(quantize_report.quantized_lines(done, output)))
    if found and with_report:
        show_table(quantize_report.layers_table(found))
        show("\n".join(quantize_report.ranking_lines(found)))


@options.grouped
def convert(
    model: options.Model,
    output: quantize_options.Converted,
    ports: options.Ports,
    force: options.ForceFile = False,
) -> None:
    """Write MODEL, of whatever format, as a .tflite file; nothing is quantized."""
    graph = api.convert(model, output, force=force, **ports.choices())
    count = len(graph.ops)
    show(f"{graph.name} is in {output}: {count} {'operator' if count == 1 else 'operators'}")


@options.grouped
def evaluate(
    model: options.Model,
    inputs: quantize_options.EvaluatedInputs,
    images: quantize_options.Images,
    ports: options.Ports,
    labels: quantize_options.Labels = None,
    reference: quantize_options.FloatModel = None,
    rounding: options.Rounding = None,
    interpreter: quantize_options.Interpret = False,
    as_json: options.AsJson = False,
) -> None:
    """Run MODEL as C on this computer and compare its answers with labels, and with the float32 model's answers."""
    with progress() as told:
        found = api.evaluate(
            model, inputs, labels, reference,
            images=images.chosen(), rounding=rounding, interpreter=interpreter,
            progress=told, **ports.choices(),
        )  # fmt: skip
    warn(found.warnings)
    if as_json:
        show_json(asdict(found))
    else:
        show("\n".join(quantize_report.evaluation_lines(found)))
