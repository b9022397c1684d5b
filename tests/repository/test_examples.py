"""The examples: their models can be made again, their C answers as the model does, their main.c builds and runs."""

import os
import runpy
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from command import aot
from paths import EXAMPLES

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/make_model.py"))
BOARDS = ("host", "mps2-an386", "microbit")
SECONDS = 60
WAVE = (29, 40, 51, 58, 60, 58, 51, 42, 30, 20, 10, 3, 0, 3, 9, 18, 30)
EXPECTED = {"digits": ["digit 2, probability 100 %"], "sine": [" " * column + "*" for column in WAVE]}


def first_lines(command: list[str], count: int) -> list[str]:
    """The first lines that a program prints that may run for ever; it is stopped after them, or after SECONDS."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:

        def stop() -> None:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)

        timer = threading.Timer(SECONDS, stop)
        timer.start()
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(count)]
        timer.cancel()
        stop()
    return lines


@pytest.mark.parametrize("name", NAMES)
def test_model_can_be_made_again(name: str, tmp_path: Path) -> None:
    runpy.run_path(str(EXAMPLES / name / "make_model.py"))["main"](tmp_path)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {path.name for path in EXAMPLES.glob(f"{name}/*") if path.suffix in (".tflite", ".npz", ".npy")}
    assert (tmp_path / f"{name}.tflite").read_bytes() == (EXAMPLES / name / f"{name}.tflite").read_bytes()
    with np.load(tmp_path / "samples.npz") as new, np.load(EXAMPLES / name / "samples.npz") as committed:
        assert new.files == committed.files
        assert all(np.array_equal(new[key], committed[key]) for key in new.files)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", NAMES)
def test_board_answers_as_the_model(name: str, board: str) -> None:
    folder = EXAMPLES / name
    done = aot("verify", folder / f"{name}.tflite", "--board", board, "--inputs", folder / "samples.npz", "--json")
    assert done.json["exact"] is True


def test_digits_are_recognised(tmp_path: Path) -> None:
    folder, outputs = EXAMPLES / "digits", tmp_path / "out.npz"
    samples = folder / "samples.npz"
    assert aot("run", folder / "digits.tflite", "-b", "host", "--inputs", samples, "--outputs", outputs).code == 0
    with np.load(outputs) as answers:
        digits = answers["digit"].reshape(-1, 10).argmax(1)
    assert (digits == np.load(folder / "labels.npy")).sum() == 63


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", NAMES)
def test_main_c_runs(name: str, board: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    assert aot("build", EXAMPLES / name / f"{name}.tflite", "-b", board, "-o", project, "--no-compile").code == 0
    shutil.copy(EXAMPLES / name / "main.c", project / "firmware" / "main.c")
    sources = f"{name}.c {name}_weights.c $(wildcard board/*.c) firmware/main.c"
    make = ["make", "-s", "-C", str(project), f"SOURCES={sources}"]
    subprocess.run(make, check=True, capture_output=True)
    assert first_lines([*make, "run"], len(EXPECTED[name])) == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_main_c_is_short(name: str) -> None:
    assert len((EXAMPLES / name / "main.c").read_text().splitlines()) < 60
