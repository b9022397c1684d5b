"""Ways to run a firmware; each gives a byte stream. `start` is the only way in."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from aot.base.errors import AotError
from aot.runners import host, qemu, renode, serial
from aot.runners.connection import Connection
from aot.targets import Board


class _Start(Protocol):
    def __call__(self, elf: Path, board: Board, *, icount: bool, plugin: str) -> AbstractContextManager[Connection]: ...


RUNNERS: tuple[tuple[str, _Start], ...] = (
    ("host", host.start),
    ("qemu", qemu.start),
    ("renode", renode.start),
)


def _find(board: Board) -> _Start:
    for name, runner in RUNNERS:
        if name in board.runners:
            return runner
    raise AotError(f"nothing here can run {board.name}", "a real board: --port URL")


@contextmanager
def start(
    elf: Path | None, board: Board, *, port: str | None = None, icount: bool = True, plugin: str = ""
) -> Iterator[Connection]:
    """Run `elf` as `board` says, or reach the real board at the pyserial URL `port`, which must hold it already.

    `icount`: an emulator counts instructions, one per nanosecond of the board's time, where it can. `plugin` is one for
    QEMU, with its arguments; for Renode, further commands.
    AotError where the runner's program is missing or does not start.
    """
    with _opened(elf, board, port, icount, plugin) as connection:
        yield connection


def _opened(
    elf: Path | None, board: Board, port: str | None, icount: bool, plugin: str
) -> AbstractContextManager[Connection]:
    if port is not None:
        return serial.connect(port, board)
    if elf is None:
        raise ValueError("a program to run is needed, or the port of a board that has one")
    return _find(board)(elf, board, icount=icount, plugin=plugin)


__all__ = ["RUNNERS", "Connection", "start"]
