"""Weights in a file on a big-endian core: the check said that the file is missing; now that C does not compile."""

import subprocess
from pathlib import Path

from command import aot
from paths import SINE

_BIG = ("-U__BYTE_ORDER__", "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__")


def _compiled(folder: Path, *flags: str) -> str:
    command = ["gcc", "-std=c99", "-Wall", "-fsyntax-only", *flags, str(folder / "sine_weights.c")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_a_file_of_weights_is_little_endian(tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "out", "--weights", "external", "--no-compile")
    assert done.code == 0, done.err
    assert _compiled(tmp_path / "out") == ""
    assert "sine_weights.bin is little-endian, and this core is not" in _compiled(tmp_path / "out", *_BIG)


def test_weights_in_the_c_have_the_order_of_the_core(tmp_path: Path) -> None:
    done = aot("build", SINE, "-b", "host", "-o", tmp_path / "out", "--no-compile")
    assert done.code == 0, done.err
    assert _compiled(tmp_path / "out", *_BIG) == ""
