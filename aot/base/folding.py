"""Generated C has no line of more than 120 characters, however long the names of a model are."""

import re
import textwrap
from collections.abc import Iterator

_LIMIT = 120
_LONG = re.compile(rf"\n.{{{_LIMIT + 1}}}")


def folded(text: str) -> str:
    """C text with its long lines broken: code behind commas, comments and macros between words.

    What cannot be broken stays: one word, or a line of assembly.
    """
    if not _LONG.search(f"\n{text}"):  # which is soon seen of a file with millions of constants
        return text
    return "\n".join(part for line in text.split("\n") for part in (_fold(line) if len(line) > _LIMIT else [line]))


def _fold(line: str) -> Iterator[str]:
    body = line.lstrip()
    indent = line[: len(line) - len(body)]
    if body.startswith("/* ") and body.endswith(" */"):
        yield f"{indent}/*"
        yield from _words(body[3:-3], f"{indent} * ")
        yield f"{indent} */"
    elif body.startswith("* "):
        yield from _words(body[2:], f"{indent}* ")
    elif body.startswith("#"):
        yield from _code(line, f"{indent}    ", " \\")
    elif '"' in body:
        yield line
    else:
        yield from _code(line, f"{indent}    ", "")


def _words(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _LIMIT, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _code(line: str, indent: str, end: str) -> Iterator[str]:
    """Each part as long as may be; `end` stands behind all but the last."""
    while len(line) > _LIMIT:
        cut = line.rfind(", ", len(indent), _LIMIT - len(end)) + 1 or line.rfind(" ", len(indent), _LIMIT - len(end))
        if cut < 0:
            break
        yield line[:cut] + end
        line = indent + line[cut + 1 :]
    yield line
