"""The program `aot`. The only file that turns an AotError into a message and exit code 1."""

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from aot.base.errors import AotError
from aot.base.version import __version__
from aot.cli import options
from aot.cli.commands import COMMANDS
from aot.cli.console import errors, show

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
for _command in COMMANDS:
    app.command()(_command)

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
_OUTPUT_FAILS = (errno.ENOSPC, errno.EPIPE, errno.EBADF, errno.EIO)
_SIGNALLED = 128  # the exit code of a program that a signal ended, less its number


@app.callback(invoke_without_command=True)
def _options(context: typer.Context, version: options.Version = False) -> None:
    """Neural networks as plain C for microcontrollers, compiled ahead of time and proved bit-exact."""
    if version:
        show(f"aot {__version__}")
    elif context.invoked_subcommand is None:
        errors().print(context.get_help(), markup=False)
        raise typer.Exit(2)


def _terminate(number: int, frame: object) -> None:
    """A signal that asks us to end unwinds like any other end: temporary folders go, emulators stop."""
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)  # or a second one would interrupt that
    raise SystemExit(_SIGNALLED + number)


def _listen() -> None:
    """Be told of the signals that end a program, but not of those that we were started to ignore, as by nohup."""
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _terminate)


def _prepare_output() -> None:
    """Characters that the terminal's code page lacks are shown as escapes; without standard output, nothing is."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 # open until we end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """What is left in the buffer cannot be written either, and is not to be tried again at the end."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs a command and turns an AotError into a message."""
    _listen()
    _prepare_output()
    try:
        app(arguments if arguments is None else list(arguments), prog_name="aot")
    except AotError as error:
        errors().print(f"error: {error}", markup=False)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OUTPUT_FAILS:
            raise
        _abandon_output()
        errors().print(f"error: the result cannot be written: {error.strerror}", markup=False)
        sys.exit(1)
