"""Where commands print: results on standard output, all else on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

_WIDE = 100_000  # where no terminal sets a limit, nothing is wrapped


def _out() -> Console:
    """Standard output, for results."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)


def errors() -> Console:
    """Standard error, for all else."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def show(text: str) -> None:
    """A result for people, as it is."""
    _out().print(text, markup=False)


def show_json(value: object) -> None:
    """A result for programs: one object."""
    show(json.dumps(value, indent=2, allow_nan=False))


def show_table(table: Table) -> None:
    """A table; without the blanks at the ends of lines where a program may read it."""
    console = _out()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as text:
        console.print(table)
    show("\n".join(line.rstrip() for line in text.get().splitlines()))


def warn(warnings: Sequence[str]) -> None:
    """What the user should know, although it worked."""
    for warning in warnings:
        errors().print(f"warning: {warning}", markup=False)


def advise(lines: Iterable[str]) -> None:
    """What would be better, of what is all right."""
    for line in lines:
        errors().print(f"note: {line}", markup=False)


@contextmanager
def progress(first: str = "compiling", steps: str = "samples") -> Iterator[Callable[[int], None]]:
    """On a terminal, stderr tells what goes on: `first`, then how many `steps` are done."""
    console = errors()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(first, total=None)
        yield lambda done: bar.update(task, completed=done, description=f"{done} {steps} done")
