"""Reaches a real board, which holds the firmware already, through any URL that pyserial knows."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from aot.base.errors import AotError
from aot.runners.connection import Connection
from aot.runners.ports import ports_of
from aot.targets import Board

AUTO = "auto"


@contextmanager
def connect(url: str, board: Board) -> Iterator[Connection]:
    """Open `url` (`/dev/ttyACM0`, `COM3`, `socket://host:port`, `rfc2217://...`, or `auto`: the one port of `board`).

    AotError where it cannot be, saying why.
    """
    url = _only_port(board) if url == AUTO else url
    try:
        port = serial.serial_for_url(url, baudrate=board.uart.baud, timeout=0, do_not_open=True)
        if isinstance(port, serial.Serial):
            port.exclusive = True  # two programs on one port would each get half of the answers
        port.open()
    except (serial.SerialException, ValueError, OSError) as error:
        raise _refused(url, error) from error
    with port:
        yield Connection(port, lambda: None, boots=False, counts_instructions=False)


def _only_port(board: Board) -> str:
    found = [port.device for port in ports_of(board)]
    if len(found) != 1:
        several = f"several ports could be a {board.name}: {', '.join(found)}"
        raise AotError(
            several if found else f"no {board.name} is plugged in",
            "name it: --port /dev/ttyACM0",
            "aot ports lists all there are",
        )
    return found[0]


def _refused(url: str, error: Exception) -> AotError:
    """What to say of a port that does not open, and what to try."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return AotError(f"there is no port {url}", "aot ports lists those there are", "is the cable plugged in?")
    if number in (errno.EACCES, errno.EPERM):
        return AotError(f"you may not use the port {url}", *_membership(url))
    if number == errno.EBUSY or "exclusively lock" in str(error):
        return AotError(f"another program uses the port {url}", "close it: a terminal, a debugger, another aot",
                        f"on Linux, who it is: fuser -v {url}")  # fmt: skip
    return AotError(f"the port {url} cannot be opened: {error}", "aot ports lists those there are")


def _membership(url: str) -> list[str]:
    """How to get the permission: the group that owns the port, where the system has groups."""
    try:
        group = Path(url).group()
    except (OSError, KeyError, RuntimeError):  # the last one where files have no groups
        group = "dialout"
    return [f"join the group {group}: sudo usermod -aG {group} $USER, then log in again"]
