"""Runs a firmware in QEMU, with its UART on a loopback socket."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import serial

from aot.base.errors import AotError
from aot.runners.connection import Connection, connect_socket, describe_end, free_port, spawn, stop, text_of
from aot.targets import Board

_PACKAGES = {"arm": "qemu-system-arm", "riscv": "qemu-system-misc", "xtensa": "qemu-system-misc"}  # Debian's
_ATTEMPTS = 5
_START_SECONDS = 20.0


def _command(elf: Path, board: Board, tcp_port: int, icount: bool, plugin: str) -> list[str]:
    """QEMU's command line.

    Without mux=on, QEMU hands over a byte only after the core has fetched the one before: 30 KB/s instead of 130.
    A mux has an escape character; 256 is one that no byte can be.
    """
    command = [*board.emulator_command, "-nographic", "-monitor", "none", "-kernel", str(elf)]
    command += ["-chardev", f"socket,id=uart,host=127.0.0.1,port={tcp_port},server=on,wait=on,nodelay=on,mux=on"]
    command += ["-serial", "chardev:uart", "-echr", "256"]
    command += ["-icount", "shift=0"] if icount else []
    return command + (["-plugin", plugin] if plugin else [])


def _launch(
    elf: Path, board: Board, icount: bool, plugin: str, log: IO[bytes]
) -> tuple["subprocess.Popen[bytes]", int]:
    if shutil.which(board.core.emulator) is None:
        raise AotError(
            f"{board.core.emulator}, which runs {board.name}, is not installed",
            f"Debian, Ubuntu: sudo apt-get install {_PACKAGES[board.core.family]}",
            "a real board: --port URL",
        )
    tcp_port = free_port()
    command = _command(elf, board, tcp_port, icount, plugin)
    return spawn(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log), tcp_port


def _open(
    elf: Path, board: Board, icount: bool, plugin: str, log: IO[bytes]
) -> tuple["subprocess.Popen[bytes]", serial.SerialBase]:
    """A running QEMU and its open port. Someone may take the TCP port before QEMU does, so it is tried again."""
    end = ""
    for _ in range(_ATTEMPTS):
        process, tcp_port = _launch(elf, board, icount, plugin, log)
        try:
            port = connect_socket(tcp_port, process, _START_SECONDS, "QEMU")
        except BaseException:
            stop(process)
            raise
        if port is not None:
            return process, port
        end = describe_end(process, log, "QEMU") or ""
        if "in use" not in end:
            break
    raise AotError(f"QEMU does not run {board.name}: {end}")


@contextmanager
def start(elf: Path, board: Board, *, icount: bool, plugin: str) -> Iterator[Connection]:
    """Run `elf` in QEMU; with `icount`, an instruction takes a nanosecond; `plugin` is QEMU's option.

    AotError where QEMU does not start.
    """
    with tempfile.TemporaryFile() as log:
        process, port = _open(elf, board, icount, plugin, log)
        try:
            with port:
                yield Connection(port, lambda: describe_end(process, log, "QEMU"), boots=True,
                                 counts_instructions=icount, said=lambda: text_of(log))  # fmt: skip
        finally:
            stop(process)
