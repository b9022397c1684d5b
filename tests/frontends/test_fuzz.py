"""Thousands of damaged models: each compiles, exactly, or is refused; in time, and in 1 GB of address space."""

import os
import subprocess
import sys
from pathlib import Path

import cases
import graphs_control
import numpy as np
import pytest
from paths import DIGITS, ROOT, SINE, SUPPORT, TOOLS
from real_models import FOLDER, needed

from aot.frontends.tflite.writer import write

REAL = [Path(FOLDER) / "tflm/person_detect.tflite", Path(FOLDER) / "mlperf_tiny/kws_ref_model.tflite"]
SECONDS = 300


def fuzz(model: Path, first: int, count: int, rounding: str, native_every: int) -> None:
    options = f"--first {first} --count {count} --rounding {rounding} --native-every {native_every}".split()
    path = os.pathsep.join(map(str, (ROOT, SUPPORT)))
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}  # threads take address space
    command = [sys.executable, str(TOOLS / "fuzz.py"), str(model), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize(("first", "rounding"), [(0, "double"), (700, "single"), (1400, "float")])
@pytest.mark.parametrize("model", [DIGITS, SINE], ids=lambda path: path.stem)
def test_examples(model: Path, first: int, rounding: str) -> None:
    fuzz(model, first, 700, rounding, 60)


def test_control_flow_and_state(tmp_path: Path) -> None:
    models = {
        "loop": graphs_control.loop_in_a_branch(np.random.default_rng(3)),
        "lstm": cases.case("Lstm of int8", 3)[0],
    }
    for name, graph in models.items():
        (tmp_path / f"{name}.tflite").write_bytes(write(graph))
        fuzz(tmp_path / f"{name}.tflite", 0, 150, "double", 20)


@needed
@pytest.mark.parametrize("model", REAL, ids=lambda path: path.stem)
def test_real_models(model: Path) -> None:
    fuzz(model, 0, 150, "double", 0)
