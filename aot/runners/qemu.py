"""Runs a firmware in QEMU, with its UART on a loopback socket."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
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
_SYSTEM_CALLS = "simcall"  # the driver of boards whose UART is the emulator's own standard input and output


def _command(elf: Path, board: Board, line: Sequence[str], icount: bool, plugin: str) -> list[str]:
    """QEMU's command line; `line` are the options of the UART."""
    command = [*board.emulator_command, "-nographic", "-monitor", "none", "-kernel", str(elf), *line]
    command += ["-icount", "shift=0"] if icount else []
    return command + (["-plugin", plugin] if plugin else [])


def _listening(tcp_port: int) -> list[str]:
    """The UART as a socket that QEMU listens on.

    Without mux=on, QEMU hands over a byte only after the core has fetched the one before: 30 KB/s instead of 130.
    A mux has an escape character; 256 is one that no byte can be.
    """
    chardev = f"socket,id=uart,host=127.0.0.1,port={tcp_port},server=on,wait=on,nodelay=on,mux=on"
    return ["-chardev", chardev, "-serial", "chardev:uart", "-echr", "256"]


def _require(board: Board) -> None:
    if shutil.which(board.core.emulator) is None:
        raise AotError(
            f"{board.core.emulator}, which runs {board.name}, is not installed",
            f"Debian, Ubuntu: sudo apt-get install {_PACKAGES[board.core.family]}",
            "a real board: --port URL",
        )


def _open(
    elf: Path, board: Board, icount: bool, plugin: str, log: IO[bytes]
) -> tuple["subprocess.Popen[bytes]", serial.SerialBase]:
    """A running QEMU and its open port. Someone may take the TCP port before QEMU does, so it is tried again."""
    end = ""
    for _ in range(_ATTEMPTS):
        tcp_port = free_port()
        command = _command(elf, board, _listening(tcp_port), icount, plugin)
        process = spawn(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
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


def _open_system_calls(
    elf: Path, board: Board, icount: bool, plugin: str, log: IO[bytes]
) -> tuple["subprocess.Popen[bytes]", serial.SerialBase]:
    """The same where the UART is QEMU's own standard input and output: a socket that we listen on.

    Xtensa's system calls on a socket of QEMU's end QEMU 7.2 now and then: two of its threads share a buffer.
    """
    command = _command(elf, board, ["-serial", "none"], icount, plugin)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}", timeout=0)
        line, _ = server.accept()
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return spawn(command, stdin=line.fileno(), stdout=line.fileno(), stderr=log), port


@contextmanager
def start(elf: Path, board: Board, *, icount: bool, plugin: str) -> Iterator[Connection]:
    """Run `elf` in QEMU; with `icount`, an instruction takes a nanosecond; `plugin` is QEMU's option.

    AotError where QEMU does not start.
    """
    _require(board)
    opened = _open_system_calls if board.uart.driver == _SYSTEM_CALLS else _open
    with tempfile.TemporaryFile() as log:
        process, port = opened(elf, board, icount, plugin, log)
        try:
            with port:
                yield Connection(port, lambda: describe_end(process, log, "QEMU"), boots=True,
                                 counts_instructions=icount, said=lambda: text_of(log))  # fmt: skip
        finally:
            stop(process)
