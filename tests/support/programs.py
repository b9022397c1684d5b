"""Other programs, run as a user runs them."""

import subprocess
import sys
from pathlib import Path


def run(*command: object, cwd: Path) -> str:
    """Run a program; its standard output. Fails where it fails."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"[-4000:]
    return done.stdout


def cmake(*arguments: object, cwd: Path) -> str:
    """Run the CMake of this Python environment, or the system's."""
    beside = Path(sys.executable).with_name("cmake")
    return run(beside if beside.exists() else "cmake", *arguments, cwd=cwd)
