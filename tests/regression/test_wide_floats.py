"""Where a compiler computes float in a wider type, nothing but a line of README said that float32 models differ.

As on s390x or with the x87 instructions of a PC, where FLT_EVAL_METHOD is 1 or 2: their headers say it, too.
"""

import platform
from pathlib import Path

import float_graphs
import native
import numpy as np
import pytest
from paths import DIGITS

from aot.compile.pipeline import compile_file
from aot.compile.printing import print_model
from aot.compile.records import Compiled
from aot.oracle.interpreter import run
from aot.oracle.samples import Sample, random_samples
from aot.targets import load_board

X87 = ("-O2", "-mfpmath=387")
on_pc = pytest.mark.skipif(platform.machine() != "x86_64", reason="x87 instructions are those of a PC")


def _differences(model: Compiled, samples: list[Sample], folder: Path, *flags: str) -> np.ndarray:
    """How far each element of the outputs is off, as a part of the largest of its output."""
    answers = native.run(native.program(model, folder, *flags), model.source, samples)
    found = []
    for sample, answer in zip(samples, answers, strict=True):
        values = run(model.source, sample)
        for name, value in answer.items():
            wanted = values[name].astype(np.float64)
            found.append(np.abs(value - wanted).ravel() / max(1.0, float(np.abs(wanted).max())))
    return np.concatenate(found)


@on_pc
@pytest.mark.parametrize("graph", ["convolutions", "arithmetic", "normalized"])
def test_float32_differs_in_the_last_bits_alone(graph: str, tmp_path: Path) -> None:
    """Else, what is said would be wrong."""
    net = getattr(float_graphs, graph)()
    model, samples = native.compiled(net), float_graphs.samples(net, 8)
    assert not _differences(model, samples, tmp_path, "-O2").any()
    wide = _differences(model, samples, tmp_path, *X87)
    assert 0 < wide.max() < 1e-3


@on_pc
def test_int8_does_not_differ(tmp_path: Path) -> None:
    model = compile_file(DIGITS, load_board("host"))
    samples = list(random_samples(model.source, 16))
    assert not _differences(model, samples, tmp_path, *X87).any()


def test_headers_of_float32_models_say_it() -> None:
    real = print_model(native.compiled(float_graphs.convolutions()))
    assert "FLT_EVAL_METHOD is 0" in next(text for name, text in real.items() if name.endswith(".h"))
    assert "FLT_EVAL_METHOD" not in print_model(compile_file(DIGITS, load_board("host")))["digits.h"]
