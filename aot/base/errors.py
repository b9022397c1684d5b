"""The one exception that `aot` raises for a user's mistake."""

import re

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -~])?")


class AotError(Exception):
    """What went wrong, in one line, and what the user can try next.

    `aot.cli.main` prints it as ``error: <what>`` followed by one ``  - <thing>`` line for each thing to try. What
    devices, files and other programs say may be in it, but nothing that a terminal would obey.
    """

    def __init__(self, what: str, *things_to_try: str) -> None:
        self.what = printable(what)
        self.things_to_try = tuple(map(printable, things_to_try))
        super().__init__(self.what)

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  - {thing}" for thing in self.things_to_try)])


def printable(text: str) -> str:
    """`text` without a terminal's escape sequences, and with question marks for all else that does not print."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in _ESCAPES.sub("", text))
