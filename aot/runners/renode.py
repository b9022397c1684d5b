"""Runs a firmware in Renode, with its UART on a socket: Renode listens on all of this computer's addresses."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aot.base.errors import AotError
from aot.base.templating import render
from aot.base.temporary import temporary_folder
from aot.runners.connection import Connection, connect_socket, describe_end, free_port, spawn, stop, text_of
from aot.targets import Board

_RENODE = "renode"
_CHUNK_BYTES = 512  # of an upload: more at once, and its UART loses some
START_SECONDS = 60.0  # it compiles parts of itself when it starts


def script(elf: Path, board: Board, description: Path, tcp_port: int, further: str) -> str:
    """Renode's commands that load `elf` with the UART on `tcp_port`: raw bytes, without a telnet negotiation.

    `description` is the file that describes the board; `further` are lines to execute after loading.
    """
    return render("common/renode.resc.j2", board=board, description=_escaped(description),
                  elf=_escaped(elf.resolve()), tcp_port=tcp_port, further=further)  # fmt: skip


def _escaped(path: Path) -> str:
    """A path as Renode's monitor reads it behind an @."""
    return str(path).replace(" ", "\\ ")


@contextmanager
def start(elf: Path, board: Board, *, icount: bool, plugin: str) -> Iterator[Connection]:
    """Run `elf` in Renode; `plugin` is text of further commands. AotError where it is missing or does not start.

    The board waits until someone listens: what it sends before would be lost, and asked for again after a while.
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
        commands, description = folder / "run.resc", folder / "board.repl"
        description.write_text(render("common/renode.repl.j2", board=board), encoding="utf-8")
        commands.write_text(script(elf, board, description, tcp_port, plugin), encoding="utf-8")
        include = f"include @{_escaped(commands)}"
        command = [_RENODE, "--console", "--disable-xwt", "--plain", "-e", include]
        # Its console ends when its standard input does: a pipe that stays open until it is stopped.
        process = spawn(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            port = connect_socket(tcp_port, process, START_SECONDS, "Renode")
            if port is None:
                raise AotError(f"Renode does not run {board.name}: {describe_end(process, log, 'Renode')}",
                               "version 1.15 or later: renode --version")  # fmt: skip
            with port:
                _start(process)
                yield Connection(port, lambda: describe_end(process, log, "Renode"), boots=True,
                                 counts_instructions=False, said=lambda: text_of(log),
                                 chunk_bytes=_CHUNK_BYTES)  # fmt: skip
        finally:
            stop(process)
            if process.stdin:
                with suppress(OSError):
                    process.stdin.close()


def _start(process: "subprocess.Popen[bytes]") -> None:
    """Let the board run; that Renode has just ended is for who listens to find."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.write(b"start\n")
            process.stdin.flush()
