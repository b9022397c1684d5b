"""Reaches a real board, which holds the firmware already, through any URL that pyserial knows."""

from collections.abc import Iterator
from contextlib import contextmanager

import serial

from aot.boards import Board
from aot.errors import AotError
from aot.runners.connection import Connection


@contextmanager
def connect(url: str, board: Board) -> Iterator[Connection]:
    """Open `url` (`/dev/ttyACM0`, `COM3`, `socket://host:port`, `rfc2217://...`). AotError where it cannot be."""
    try:
        port = serial.serial_for_url(url, baudrate=board.uart.baud, timeout=0)
    except (serial.SerialException, ValueError, OSError) as error:
        raise AotError(
            f"the port {url} cannot be opened: {error}",
            "the ports there are: python -m serial.tools.list_ports",
            "on Linux, membership of the group dialout",
        ) from error
    with port:
        yield Connection(port, lambda: None, boots=False, counts_instructions=False)
