"""Builds the dummy model once for each board, and opens a device on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import dummy

from aot.device.protocol import Device
from aot.project.compile import Firmware, compile_project
from aot.runners import Connection, start
from aot.targets import load_board

BOARDS = ("host", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "microbit", "netduinoplus2",
          "riscv-virt", "riscv-virt-v", "xtensa-sim")  # fmt: skip


class Bench:
    """Firmware of the dummy model for any board, compiled on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.firmware = cache(self._compile)

    def _compile(self, board_name: str, trace: bool = False) -> Firmware:
        board = load_board(board_name)
        project = self._folder / board_name
        dummy.write_project(project, board)
        return compile_project(project, board, dummy.DEPLOYMENT, trace=trace)

    @contextmanager
    def connect(self, board_name: str, *, trace: bool = False, icount: bool = True) -> Iterator[Connection]:
        """A running firmware; without `icount`, an emulated board's second takes one."""
        with start(self.firmware(board_name, trace).elf, load_board(board_name), icount=icount) as connection:
            yield connection

    @contextmanager
    def device(self, board_name: str, *, trace: bool = False) -> Iterator[Device]:
        """A running firmware that has been identified."""
        with self.connect(board_name, trace=trace) as connection:
            device = Device(connection.port, dummy.DEPLOYMENT, died=connection.died, boots=connection.boots)
            device.identify()
            yield device
