"""What the quantizer takes: samples in every form that Python has them; and what it refuses, in words."""

from dataclasses import replace

import float_graphs
import numpy as np
import pytest
from float_graphs import samples
from quantized import quantized
from reading import parse

import aot
from aot.base.errors import AotError
from aot.quantizer import Options, given_samples, quantize


@pytest.mark.parametrize("options", [Options(int16=frozenset({"nothing"})), Options(float=frozenset({"image"}))])
def test_layers_that_are_not_there(options: Options) -> None:
    with pytest.raises(AotError, match="there is no layer called"):
        quantized(float_graphs.convolutions(), options)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (np.full((1, 8, 8, 3), np.nan, np.float32), "not finite"),
        (np.full((1, 8, 8, 3), np.inf, np.float32), "not finite"),
        (np.full((1, 8, 8, 3), 1e38, np.float32), "not finite"),
        (np.zeros((1, 8, 8, 3), np.uint8), "takes float32, not uint8"),
        (np.zeros((8, 8), np.float32), "has shape"),
        ({"other": np.zeros(3), "image": np.zeros((1, 8, 8, 3))}, "no inputs: other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_samples(sample: object, message: str) -> None:
    graph = float_graphs.convolutions()
    with pytest.raises(AotError, match=message):
        quantize(graph, given_samples([sample], graph))  # type: ignore[list-item] # on purpose


@pytest.mark.parametrize("name", ["a_w", "a_b", "scores_w"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_constants_that_are_not_finite(name: str, value: float) -> None:
    """The model is at fault, not the samples, even where a clipped activation hides it."""
    graph = float_graphs.convolutions()
    data = np.array(graph[name].data)
    data.flat[1] = value
    with pytest.raises(AotError, match=f"the constant %{name} of net has values that are not finite: 1 of"):
        quantized(graph.with_tensors(replace(graph[name], data=data)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(range="max"), "no range estimator 'max'"),
        (Options(io="int16"), "no type of inputs and outputs 'int16'"),  # type: ignore[arg-type] # on purpose
        (Options(dtype="float"), "no type of activations 'float'"),  # type: ignore[arg-type] # on purpose
        (Options(int16=["e"], float=["e"]), "e cannot be int16 and float32"),
    ],
)
def test_options_that_cannot_be(options: Options, message: str) -> None:
    with pytest.raises(AotError, match=message):
        quantized(float_graphs.convolutions(), options)


def test_no_samples() -> None:
    with pytest.raises(AotError, match="no samples"):
        quantize(float_graphs.convolutions(), iter([]))


def test_python_interface() -> None:
    graph = float_graphs.convolutions()
    arrays = (sample["image"].astype(np.float64) for sample in samples(graph))
    made = aot.quantize(graph, arrays, aot.QuantizeOptions(io="float"))
    assert made.calibration.samples == 24 and made.graph["y"].dtype == "float32"
    assert parse(made.tflite(), "net").inputs == ("image",)


def test_samples_as_python_has_them() -> None:
    """An array of all, a dict of such arrays, lists of samples with and without their batch, generators: the same."""
    graph = float_graphs.convolutions()
    every = np.concatenate([sample["image"] for sample in samples(graph)])
    wanted = quantized(graph).tflite()
    ways = (every, {"image": every}, list(every), [every[:4], every[4:]], ({"image": one} for one in every))
    assert all(aot.quantize(graph, way).tflite() == wanted for way in ways)
