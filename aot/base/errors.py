"""The one exception that `aot` raises for a user's mistake."""

import re

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -~])?")
_LONGEST_WHAT = 500  # characters
_LONGEST_THING = 2_000  # commands are among them
_GAP = " ... "


class AotError(Exception):
    """What went wrong, in one line, and what the user can try next.

    `aot.cli.main` prints it as ``error: <what>`` followed by one ``  - <thing>`` line for each thing to try. What
    devices, files and other programs say may be in it, but nothing that a terminal would obey, and no novel.
    """

    def __init__(self, what: str, *things_to_try: str) -> None:
        self.what = cut(printable(what), _LONGEST_WHAT)
        self.things_to_try = tuple(cut(printable(thing), _LONGEST_THING) for thing in things_to_try)
        super().__init__(self.what)

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  - {thing}" for thing in self.things_to_try)])


def printable(text: str) -> str:
    """`text` without a terminal's escape sequences, and with question marks for all else that does not print."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in _ESCAPES.sub("", text))


def cut(text: object, longest: int = 80) -> str:
    """What a file or a device calls something, for a message: where that is too long, its beginning and its end."""
    whole = str(text)
    if len(whole) <= longest:
        return whole
    end = longest // 4
    return f"{whole[: longest - end - len(_GAP)]}{_GAP}{whole[-end:]}"
