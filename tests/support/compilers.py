"""The compilers of this machine, which are to say nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()


def tool(name: str) -> str:
    """The program of this name; without it the test is skipped."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


def quiet(command: list[str], folder: Path) -> None:
    """Runs a compiler in `folder`; fails where it has anything to say."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr[:4000]
