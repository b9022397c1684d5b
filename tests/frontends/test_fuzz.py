"""Damaged models: each compiles, exactly, or is refused; in time, and in 1 GB. `make fuzz` has more of them."""

from pathlib import Path

import cases
import graphs_control
import numpy as np
import pytest
from fuzzing import fuzz
from paths import DIGITS, SINE
from real_models import FOLDER, needed

from aot.frontends.tflite.writer import write

REAL = [Path(FOLDER) / "tflm/person_detect.tflite", Path(FOLDER) / "mlperf_tiny/kws_ref_model.tflite"]


def _fuzz(model: Path, first: int, count: int, rounding: str, native_every: int, *more: str) -> None:
    options = f"--first {first} --count {count} --rounding {rounding} --native-every {native_every}".split()
    fuzz("fuzz.py", model, *options, *more)


@pytest.mark.parametrize(("first", "rounding"), [(0, "double"), (300, "single"), (600, "float")])
@pytest.mark.parametrize("model", [DIGITS, SINE], ids=lambda path: path.stem)
def test_examples(model: Path, first: int, rounding: str) -> None:
    _fuzz(model, first, 120 if cases.TIMES == 1 else 300, rounding, 60)


def test_what_a_file_says(tmp_path: Path) -> None:
    """Not its bytes: shapes, types, scales, operands, options and the like are others."""
    _fuzz(DIGITS, 0, 40, "double", 15, "--objects")
    (tmp_path / "lstm.tflite").write_bytes(write(cases.case("Lstm of int8", 3)[0]))
    _fuzz(tmp_path / "lstm.tflite", 0, 20, "float", 0, "--objects")


def test_control_flow_and_state(tmp_path: Path) -> None:
    models = {
        "loop": graphs_control.loop_in_a_branch(np.random.default_rng(3)),
        "lstm": cases.case("Lstm of int8", 3)[0],
    }
    for name, graph in models.items():
        (tmp_path / f"{name}.tflite").write_bytes(write(graph))
        _fuzz(tmp_path / f"{name}.tflite", 0, 40, "double", 20)


@needed
@pytest.mark.parametrize("model", REAL, ids=lambda path: path.stem)
def test_real_models(model: Path) -> None:
    _fuzz(model, 0, 25, "double", 0)
