"""`quantize` and `evaluate`: float32 models become int8, and how good they still are."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Unpack

import numpy as np

from aot.api.arguments import graph_of, path_of
from aot.api.common import Model, Progress, compiled_for, load, working_folder
from aot.base.choices import CompileOptions, PortKeywords
from aot.base.errors import AotError
from aot.base.files import complete_file, os_errors, refuse_unwritable
from aot.device.native import native_answers
from aot.frontends import content_of, parse, settings_of
from aot.frontends.onnx import recognizes as is_onnx
from aot.frontends.tflite import composed, recognizes, write
from aot.graph.ir import Array, Graph
from aot.oracle.doubts import doubts_of
from aot.oracle.framework import onnxruntime_answers
from aot.oracle.samples import samples_of
from aot.passes import normalize
from aot.passes.check_operators import check_operators
from aot.quantizer import (
    DEFAULT,
    DEFAULT_IMAGES,
    GivenSamples,
    ImageOptions,
    Options,
    Quantized,
    given_samples,
    open_samples,
)
from aot.quantizer import quantize as quantize_graph
from aot.quantizer.evaluate import Evaluation, for_reference, interpreted, likeness, read_inputs, real_inputs
from aot.quantizer.evaluate import evaluate as compare_answers
from aot.quantizer.labels import read_labels
from aot.targets import load_board


def quantize(
    model: Model,
    samples: Path | str | GivenSamples,
    options: Options = DEFAULT,
    *,
    images: ImageOptions = DEFAULT_IMAGES,
    holdout: float | None = None,
    progress: Progress = lambda done: None,
    **ports: Unpack[PortKeywords],
) -> Quantized:
    """Quantize a float32 model with the ranges that typical samples show.

    `samples` are arrays, or dicts of one array for each input, in any number: they are looked at one at a time; or one
    dict with all samples of each input in an array; or the path of an .npz, .npy or .csv file, or of a folder of .npy
    files or of images. `ports` are as in `load`. With `holdout`, a share of the samples, such as 0.2, or if it
    is an int so many of them, are kept out of calibration: `sqnr` is measured on these. `progress` hears how many
    samples are done. The result's `graph` is the quantized model, `tflite()` its file. Raises AotError.
    """
    graph = graph_of(model) or load(path_of(model), **ports)
    if not isinstance(samples, str | Path):
        return quantize_graph(graph, given_samples(samples, graph), options, progress, holdout)
    source = open_samples(Path(samples), graph, images)
    quantized = quantize_graph(graph, source, options, progress, holdout)
    used = quantized.calibration.samples + len(quantized.held_out)
    return replace(quantized, warnings=(*source.warnings(used), *quantized.warnings))


def quantize_file(
    model: Path | str,
    samples: Path | str,
    output: Path | str,
    options: Options = DEFAULT,
    *,
    images: ImageOptions = DEFAULT_IMAGES,
    holdout: float | None = None,
    force: bool = False,
    progress: Progress = lambda done: None,
    **ports: Unpack[PortKeywords],
) -> Quantized:
    """`quantize` from file to file; `output` may exist only with `force`. What is quantized already is copied."""
    output = _writable(output, model, force)
    content = content_of(model)
    graph = normalize(parse(content, Path(model).stem, str(model), settings_of(**ports)))
    quantized = quantize(composed(graph), samples, options, images=images, holdout=holdout, progress=progress)
    kept = recognizes(content) and not quantized.changed  # byte for byte
    with complete_file(output) as made:
        made.write_bytes(content if kept else quantized.tflite())
    return quantized


def convert(model: Model, output: Path | str, *, force: bool = False, **ports: Unpack[PortKeywords]) -> Graph:
    """Write `model`, of whatever format, as a .tflite file to `output`, which may exist only with `force`.

    Batch normalization and what else is constant behind a layer is part of it already, images have their channels last
    but at ports; `ports` are as in `load`. Gives the graph. Raises AotError for an operator that a file cannot hold.
    """
    graph = graph_of(model) or load(path_of(model), **ports)
    output = _writable(output, model if isinstance(model, Path | str) else None, force)
    check_operators(graph)
    content = write(graph)
    with complete_file(output) as made:
        made.write_bytes(content)
    return graph


def _writable(output: Path | str, model: Path | str | None, force: bool) -> Path:
    """The path of a file to be made. AotError where it cannot, or must not, be."""
    path = path_of(output, "the output")
    refuse_unwritable(path)
    if path.exists() and not force:
        raise AotError(f"{path} exists already", "name another file", "replace it: --force")
    if model is not None and path.exists() and path.resolve() == Path(model).resolve():
        raise AotError(f"{path} is the model itself, which would be lost", "name another file")
    return path


def evaluate(
    model: Model,
    inputs: Path | str,
    labels: Path | str | None = None,
    reference: Model | None = None,
    *,
    images: ImageOptions = DEFAULT_IMAGES,
    rounding: str | None = None,
    interpreter: bool = False,
    progress: Progress = lambda done: None,
    **ports: Unpack[PortKeywords],
) -> Evaluation:
    """How good the answers of `model` are to samples, run as C on this computer or interpreted.

    `inputs` is an .npz file of reals or of the model's own codes, or real samples in any form that `quantize` takes.
    `labels` is an .npz, .npy, .csv, .txt or .json file: classes, one integer for each sample, or wanted outputs.
    `reference` is the float32 model to compare with; it gets the same inputs, and `ports`. An ONNX file is compared
    with onnxruntime, too, where that is installed. Only the first output counts. Raises AotError.
    """
    compiled = compiled_for(model, load_board("host"), CompileOptions(rounding=rounding, **ports))
    graph = compiled.source
    wanted = None if labels is None else read_labels(path_of(labels, "what labels are in"))
    other = None if reference is None else graph_of(reference) or load(path_of(reference), **ports)
    given, originals = read_inputs(path_of(inputs, "what inputs are in"), graph, images, compiled.rounding)
    codes = partial(samples_of, graph=graph, quantize=True, rounding=compiled.rounding, source=str(inputs))
    samples = [one for sample in originals for one in codes(sample)]
    columns = {name: np.stack([sample[name] for sample in originals]) for name in given.inputs}
    doubts = doubts_of(columns, graph, str(inputs))
    if interpreter:
        answers = interpreted(graph, samples, compiled.rounding, progress)
    else:
        with working_folder() as folder, os_errors(folder):
            answers = native_answers(compiled, folder, samples, progress)
    expected = None
    if other is not None:
        check_operators(other)
        expected = interpreted(other, for_reference(given, originals, other), compiled.rounding)
    theirs = None if any(ports.values()) else _framework_answers(model, real_inputs(given, originals))
    found = compare_answers(answers, wanted, expected)
    return replace(found, warnings=doubts, framework=None if theirs is None else likeness(answers, theirs))


def _framework_answers(model: Model, samples: Sequence[Sequence[Array]]) -> list[Array] | None:
    """What onnxruntime answers, where the model is an ONNX file with ports as it has them."""
    if not isinstance(model, Path | str):
        return None
    content = content_of(model)
    return onnxruntime_answers(content, samples) if is_onnx(content) else None
