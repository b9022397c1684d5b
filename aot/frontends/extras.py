"""Packages that only some formats need: they are imported when a model of such a format is read."""

from collections.abc import Iterator
from contextlib import contextmanager

from aot.base.errors import AotError


@contextmanager
def needed(extra: str, what: str, *packages: str) -> Iterator[None]:
    """Around imports: AotError with what to install where one of `packages` is missing, which `extra` brings."""
    try:
        yield
    except ImportError as error:
        package = (error.name or "").split(".")[0]
        if package not in packages:
            raise
        hint = f'pip install "aot-mcu[{extra}]"'
        raise AotError(f"reading {what} needs the package {package}", hint) from None
