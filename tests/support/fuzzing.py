"""Runs the tools of `tests/tools` that make damage, for a few seconds, in processes of their own."""

import os
import subprocess
import sys

from paths import ROOT, SUPPORT, TOOLS

SECONDS = 300


def fuzz(tool: str, *options: object) -> None:
    """Fails with what the tool found."""
    path = os.pathsep.join(map(str, (ROOT, SUPPORT)))
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}  # threads take address space
    command = [sys.executable, str(TOOLS / tool), *map(str, options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
