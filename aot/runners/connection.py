"""What every runner gives: an open port, and whether whoever is at its other end still lives."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from serial import SerialBase

_STOP_SECONDS = 5.0
_LAST_CHARACTERS = 500


@dataclass(frozen=True)
class Connection:
    """An open pyserial port. `died()` is None, or a sentence about the end of the process behind the port.

    `boots`: the device has just been started, so its greeting is still to come.
    `counts_instructions`: one instruction takes one nanosecond of the board's time.
    """

    port: SerialBase
    died: Callable[[], str | None]
    boots: bool
    counts_instructions: bool


def describe_end(process: "subprocess.Popen[Any]", log: IO[bytes], name: str) -> str | None:
    """None while `process` runs, else how it ended and the last of its `log`."""
    if process.poll() is None:
        return None
    log.seek(0)
    last = log.read().decode(errors="replace").strip()[-_LAST_CHARACTERS:]
    return f"{name} ended with status {process.returncode}" + (f": {last}" if last else "")


def stop(process: "subprocess.Popen[Any]") -> None:
    """End `process`, gently and then not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
