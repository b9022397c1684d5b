"""The serial ports of this computer, and which boards they may be."""

from collections.abc import Sequence
from dataclasses import dataclass

from serial.tools import list_ports

from aot.targets import Board


@dataclass(frozen=True)
class SerialPort:
    """A port: what to open, its USB id (empty where it has none), and what the system says of it."""

    device: str
    usb: str
    description: str


def all_ports() -> tuple[SerialPort, ...]:
    """Every serial port of this computer, in order of name."""
    found = sorted(list_ports.comports(), key=lambda port: str(port.device))
    return tuple(SerialPort(port.device, _usb_id(port.vid, port.pid), port.description or "") for port in found)


def ports_of(board: Board) -> tuple[SerialPort, ...]:
    """The ports with a USB id of `board`."""
    return tuple(port for port in all_ports() if port.usb in board.usb)


def boards_at(port: SerialPort, boards: Sequence[Board]) -> list[str]:
    """The names of the `boards` that `port` may be: boards with the same debugger have the same USB id."""
    return [board.name for board in boards if port.usb in board.usb]


def _usb_id(vendor: int | None, product: int | None) -> str:
    return "" if vendor is None or product is None else f"{vendor:04x}:{product:04x}"
