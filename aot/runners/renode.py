"""Runs a firmware in Renode, with its UART on a loopback socket."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aot.base.errors import AotError
from aot.base.templating import render
from aot.base.temporary import temporary_folder
from aot.runners.connection import Connection, connect_socket, describe_end, free_port, spawn, stop, text_of
from aot.targets import Board

_RENODE = "renode"
START_SECONDS = 60.0  # it compiles parts of itself when it starts


def script(elf: Path, board: Board, tcp_port: int, further: str) -> str:
    """Renode's commands that run `elf` with the UART on `tcp_port`: raw bytes, without a telnet negotiation.

    `further` are lines to execute before the start.
    """
    path = str(elf.resolve()).replace(" ", "\\ ")
    return render("common/renode.resc.j2", board=board, elf=path, tcp_port=tcp_port, further=further)


@contextmanager
def start(elf: Path, board: Board, *, icount: bool, plugin: str) -> Iterator[Connection]:
    """Run `elf` in Renode; `plugin` is text of further commands. AotError where it is missing or does not start.

    The board runs before anyone listens, so its greeting may be lost and is not waited for.
    """
    del icount
    if shutil.which(_RENODE) is None:
        raise AotError(
            f"{_RENODE}, which runs {board.name}, is not installed",
            "version 1.15 or later from https://renode.io, with its folder in PATH",
            "a real board: --port URL",
        )
    tcp_port = free_port()
    with temporary_folder() as folder, tempfile.TemporaryFile() as log:
        commands = folder / "run.resc"
        commands.write_text(script(elf, board, tcp_port, plugin), encoding="utf-8")
        include = f"include @{str(commands).replace(' ', chr(92) + ' ')}"
        command = [_RENODE, "--console", "--disable-xwt", "--plain", "-e", include]
        # Its console ends when its standard input does: a pipe that stays open until it is stopped.
        process = spawn(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            port = connect_socket(tcp_port, process, START_SECONDS, "Renode")
            if port is None:
                raise AotError(f"Renode does not run {board.name}: {describe_end(process, log, 'Renode')}",
                               "version 1.15 or later: renode --version")  # fmt: skip
            with port:
                yield Connection(port, lambda: describe_end(process, log, "Renode"), boots=False,
                                 counts_instructions=False, said=lambda: text_of(log))  # fmt: skip
        finally:
            stop(process)
            if process.stdin:
                process.stdin.close()
