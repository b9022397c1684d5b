"""A full or closed standard output, and a code page that lacks a character, ended in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import refused
from paths import SINE

_RUN = [sys.executable, "-c", "from aot.cli.main import main; main()"]
_FULL = Path("/dev/full")


@pytest.mark.skipif(not _FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_full_disk(how: list[str]) -> None:
    with _FULL.open("w") as full:
        done = subprocess.run([*_RUN, "boards", *how], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: the result cannot be written: No space left on device\n")


@pytest.mark.skipif(not _FULL.exists(), reason="there is no /dev/full here")
def test_a_picture_for_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "a.svg").symlink_to(_FULL)
    memory = ("--memory", "--board", "host", "--picture", tmp_path / "a.svg")
    assert "No space left on device" in refused("inspect", SINE, *memory)


def test_a_closed_output() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *_RUN, "boards"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert "Traceback" not in done.stderr and done.returncode in (0, 1)


def test_a_code_page_that_lacks_a_character(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [*_RUN, "inspect", str(tmp_path / "größe.tflite")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "gr\\xf6\\xdfe.tflite" in done.stderr and "Traceback" not in done.stderr
