"""Runs a native program with a pseudo-terminal as its UART."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from aot.base.errors import AotError
from aot.runners.connection import Connection, describe_end, spawn, stop, text_of
from aot.targets import Board


@contextmanager
def _terminal_pair() -> Iterator[tuple[int, str]]:
    """A raw pseudo-terminal: the file descriptor for the program, and the name of the other side."""
    try:
        import tty  # not on Windows

        ours, theirs = os.openpty()
    except (ImportError, AttributeError, OSError) as error:
        raise AotError(f"no pseudo-terminal here: {error}", "a board in QEMU (aot boards)") from error
    try:
        tty.setraw(theirs)  # before the program starts, or its greeting would come back to it as an echo
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def start(elf: Path, board: Board, *, icount: bool, plugin: str) -> Iterator[Connection]:
    """Run the native program `elf`; its instructions cannot be counted. AotError where it does not start."""
    del board, icount, plugin
    with tempfile.TemporaryFile() as log, _terminal_pair() as (terminal, name), serial.Serial(name, timeout=0) as port:
        try:  # only now that the port is open: to open it empties it, greeting and all
            process = spawn([elf], stdin=terminal, stdout=terminal, stderr=log)
        except OSError as error:
            raise AotError(f"{elf.name} does not start: {error.strerror}") from error
        try:
            yield Connection(port, lambda: describe_end(process, log, elf.name), boots=True,
                             counts_instructions=False, said=lambda: text_of(log))  # fmt: skip
        finally:
            stop(process)
