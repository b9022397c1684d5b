"""What every runner gives: an open port, and whether whoever is at its other end still lives."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from serial import SerialBase, SerialException, serial_for_url

from aot.base.errors import AotError

_Stream = int | IO[bytes]

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 5.0
_LAST_CHARACTERS = 500
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Connection:
    """An open pyserial port. `died()` is None, or a sentence about the end of the process behind the port.

    `boots`: the device has just been started, so its greeting is still to come.
    `counts_instructions`: one instruction takes one nanosecond of the board's time. `said()` is what an emulator has
    logged so far. `chunk_bytes` is how much to send at once, at most.
    """

    port: SerialBase
    died: Callable[[], str | None]
    boots: bool
    counts_instructions: bool
    said: Callable[[], str] = lambda: ""
    chunk_bytes: int = 4096


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connect_socket(tcp_port: int, process: "subprocess.Popen[bytes]", seconds: float, name: str) -> SerialBase | None:
    """The open port to the emulator `process`, or None when it ended instead of listening. AotError after `seconds`."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        try:
            return serial_for_url(f"socket://127.0.0.1:{tcp_port}", timeout=0)
        except SerialException:
            time.sleep(_POLL_SECONDS)
        if time.monotonic() > deadline:
            raise AotError(f"{name} did not open its UART within {seconds:.0f} seconds")
    return None


def text_of(log: IO[bytes]) -> str:
    """All that was written to `log` so far; its writer's position is another one."""
    return os.pread(log.fileno(), os.fstat(log.fileno()).st_size, 0).decode(errors="replace")


def describe_end(process: "subprocess.Popen[bytes]", log: IO[bytes], name: str) -> str | None:
    """None while `process` runs, else how it ended and the last of its `log`."""
    if process.poll() is None:
        return None
    last = text_of(log).strip()[-_LAST_CHARACTERS:]
    return f"{name} ended with status {process.returncode}" + (f": {last}" if last else "")


def spawn(
    command: Sequence[str | Path], *, stdin: _Stream, stdout: _Stream, stderr: _Stream
) -> "subprocess.Popen[bytes]":
    """Start a program that ends when we do, however that is: on Linux also when we are killed."""
    follow = partial(_end_with, os.getpid()) if _LIBC else None
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=follow)


def _end_with(parent: int) -> None:
    """Let this process, which is about to become another program, be killed when `parent` ends."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended before
        os._exit(1)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End `process`, gently and then not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
