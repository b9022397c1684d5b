"""Wrong arguments in Python were a KeyError or a TypeError from deep inside."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import float_graphs
import numpy as np
import pytest
from float_graphs import samples
from paths import DIGITS, SINE

import aot as package
from aot.quantizer import given_samples, quantize

api: Any = package
FLOAT = float_graphs.convolutions()
ARRAY = np.zeros((1, 1), np.int8)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda to: api.build(api.load(SINE), "host", to, constants={"x": 1}), "the ports of a graph are settled"),
        (lambda to: api.load(api.load(SINE)), "a model is the path of a file, not a Graph"),
        (lambda to: api.load(quantize(FLOAT, samples(FLOAT))), "write_bytes(quantized.tflite())"),
        (lambda to: api.build([object()], "host", to), "not an object"),
        (lambda to: api.build(SINE, "host", to, roundin="double"), "did you mean rounding?"),
        (lambda to: api.run(SINE, "host", inputs=ARRAY), "inputs are a dict of arrays"),
        (lambda to: api.run(SINE, "host", speed=3), "there is no option called 'speed'"),
        (lambda to: api.verify(SINE.read_bytes(), "host"), "write_bytes(content)"),
        (lambda to: api.evaluate(SINE, ARRAY), "numpy.savez("),
        (lambda to: api.evaluate(DIGITS, DIGITS.parent / "samples.npz", ARRAY), "numpy.savez("),
        (lambda to: api.load(SINE.read_bytes()), "write_bytes(content)"),
        (lambda to: api.load(None), "not a NoneType"),
    ],
)
def test_what_is_wrong_is_said(call: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    with pytest.raises(package.AotError, match=re.escape(said)):
        call(tmp_path / "out")


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (np.zeros((1, 8, 8, 3), np.uint8), "(x / 255).astype(numpy.float32)"),
        (np.zeros((1, 3, 8, 8), np.float32), "x.transpose(0, 2, 3, 1)"),
        (np.zeros((3, 8, 8), np.float32), "x.transpose(1, 2, 0)"),
    ],
)
def test_hints_that_make_a_right_model(sample: Any, said: str) -> None:
    with pytest.raises(package.AotError, match=re.escape(said)):
        quantize(FLOAT, given_samples([sample], FLOAT))


def test_what_python_shows_of_a_result_is_short(tmp_path: Path) -> None:
    """It was 1.6 million characters."""
    results = [
        api.load(DIGITS),
        api.build(DIGITS, "host", tmp_path / "p", compile=False),
        api.run(DIGITS, "host", samples=3),
        quantize(FLOAT, samples(FLOAT)),
    ]
    assert all(len(repr(result)) < 1000 for result in results)


def test_a_graph_is_a_model_too(tmp_path: Path) -> None:
    """Read, or quantized: its C is that of the file but for the hash."""
    graph = api.load(SINE)
    ran, other = api.run(graph, "host", samples=3), api.run(SINE, "host", samples=3)
    np.testing.assert_array_equal(ran.outputs["y"], other.outputs["y"])
    built = api.build(graph, "host", tmp_path / "out", name="wave", compile=False)
    assert (built.folder / "wave.h").is_file()
    quantized = quantize(FLOAT, samples(FLOAT))
    assert api.verify(quantized, "host", samples=2).verdict.exact
