"""How good a model's answers are: against labels, and against the float32 model it was made from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aot.base.errors import AotError
from aot.graph.ir import Array, Graph, Tensor
from aot.oracle.archives import read_arrays
from aot.oracle.interpreter import run_all
from aot.oracle.samples import Sample, read_samples
from aot.quantizer import ImageOptions, open_samples
from aot.quantizer.quality import Noise, reals

Answers = Sequence[Array]  # of a model's first output, as reals, one for each sample


@dataclass(frozen=True)
class Score:
    """Answers against labels: the share that is right, or for labels that are reals the root of the mean square."""

    accuracy: float | None = None
    rmse: float | None = None


@dataclass(frozen=True)
class Likeness:
    """Answers against those of another model.

    `agreement` is the share of samples whose largest element is at the same place (None for single elements).
    """

    sqnr: float
    largest_error: float
    agreement: float | None


@dataclass(frozen=True)
class Evaluation:
    """Of a model, and of the float32 model where one was given; `warnings` are of the samples.

    `framework` compares with what the runtime of the model's own framework answers, where that is installed.
    """

    samples: int
    score: Score | None
    reference_score: Score | None
    likeness: Likeness | None
    warnings: tuple[str, ...] = ()
    framework: Likeness | None = None


def evaluate(answers: Answers, labels: Array | None, reference: Answers | None) -> Evaluation:
    """Compare answers with labels and with those of the float32 model, each where given."""
    return Evaluation(
        len(answers),
        None if labels is None else score(answers, labels),
        None if labels is None or reference is None else score(reference, labels),
        None if reference is None else likeness(answers, reference),
    )


def score(answers: Answers, labels: Array) -> Score:
    """Labels of integers name the largest element, or of a single element whether it is above one half.

    Raises AotError where the numbers do not fit.
    """
    labels = np.atleast_1d(labels)
    if len(labels) != len(answers):
        raise AotError(f"there are {len(labels)} labels for {len(answers)} samples", "give one label for each sample")
    if labels.dtype.kind in "iub" and labels.size == len(answers):
        return Score(accuracy=_accuracy(answers, labels.ravel()))
    if labels.dtype.kind != "f" or labels.size != sum(a.size for a in answers):
        raise AotError(
            f"labels of {labels.dtype.name}{list(labels.shape)} fit neither classes nor {answers[0].size} outputs",
            "integers, one for each sample, are classes; floats, as many as outputs have elements, are wanted values",
        )
    difference = np.concatenate([a.ravel() for a in answers]) - labels.ravel()
    return Score(rmse=float(np.sqrt(np.mean(np.square(difference, dtype=np.float64)))))


def _accuracy(answers: Answers, labels: Array) -> float:
    """The share of answers that are right."""
    classes = max(2, min(answer.size for answer in answers))
    wrong = [int(label) for label in labels if not 0 <= int(label) < classes]
    if wrong:
        raise AotError(f"the label {wrong[0]} is none of {classes} classes", f"labels are 0 to {classes - 1}")
    return float(np.mean([_class(answer) == int(label) for answer, label in zip(answers, labels, strict=True)]))


def _class(answer: Array) -> int:
    return int(answer.argmax()) if answer.size > 1 else int(answer.ravel()[0] > 0.5)


def likeness(answers: Answers, reference: Answers) -> Likeness:
    """How near answers are to those of another model, or of another runtime. AotError where they have other sizes."""
    noise, largest = Noise(), 0.0
    for answer, expected in zip(answers, reference, strict=True):
        if answer.size != expected.size:
            raise AotError(f"outputs of {answer.size} and {expected.size} elements cannot be compared")
        noise.add(expected.ravel(), answer.ravel())
        largest = max(largest, float(np.abs(answer.ravel() - expected.ravel()).max()))
    pairs = list(zip(answers, reference, strict=True))
    agreement = float(np.mean([_class(a) == _class(b) for a, b in pairs])) if answers[0].size > 1 else None
    return Likeness(noise.sqnr, largest, agreement)


def interpreted(
    graph: Graph, samples: Iterable[Sample], rounding: str, progress: Callable[[int], None] = lambda done: None
) -> list[Array]:
    """The interpreter's answers."""
    output = graph[graph.outputs[0]]
    answers = []
    for values in run_all(graph, samples, rounding):
        answers.append(reals(values[output.name], output))
        progress(len(answers))
    return answers


def read_inputs(path: Path, graph: Graph, images: ImageOptions, rounding: str) -> tuple[Graph, list[Sample]]:
    """Samples as they are given, reals or codes, and `graph` with inputs of these types. Raises AotError."""
    real = graph.with_tensors(*(replace(graph[name], dtype="float32", quant=None) for name in _quantized(graph)))
    if path.suffix.lower() != ".npz" or all(array.dtype.kind == "f" for array in read_arrays(path, graph).values()):
        source = open_samples(path, real, images)
        samples = list(source)
        for fault in source.warnings(len(samples)):  # what is left out would shift the labels
            raise AotError(fault, "repair what cannot be read, or take it out of the folder")
        return real, samples
    return graph, read_samples(path, graph, quantize=True, rounding=rounding)


def _quantized(graph: Graph) -> Iterator[str]:
    return (name for name in graph.inputs if graph[name].quant is not None)


def real_inputs(given: Graph, samples: Sequence[Sample]) -> list[list[Array]]:
    """The samples for the inputs of `given`, in order, codes as the reals that they stand for."""
    ports = [given[name] for name in given.inputs]
    return [[reals(sample[t.name], t) if t.quant else sample[t.name] for t in ports] for sample in samples]


def for_reference(given: Graph, samples: Sequence[Sample], reference: Graph) -> list[Sample]:
    """The samples for the inputs of `given` as those of the float32 model: in order, as reals."""
    if len(given.inputs) != len(reference.inputs):
        raise AotError(f"{given.name} has {len(given.inputs)} inputs, {reference.name} has {len(reference.inputs)}")
    pairs = [(given[a], reference[b]) for a, b in zip(given.inputs, reference.inputs, strict=True)]
    return [{b.name: _converted(sample[a.name], a, b) for a, b in pairs} for sample in samples]


def _converted(value: Array, given: Tensor, wanted: Tensor) -> Array:
    if given.elements != wanted.elements:
        raise AotError(f"%{given.name} is {given}, %{wanted.name} is {wanted}: not the same input")
    value = value.reshape(wanted.shape)
    return reals(value, given).astype(np.float32) if wanted.dtype == "float32" else value
