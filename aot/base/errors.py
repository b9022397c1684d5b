"""The one exception that `aot` raises for a user's mistake."""


class AotError(Exception):
    """What went wrong, in one line, and what the user can try next.

    `aot.cli.main` prints it as ``error: <what>`` followed by one ``  - <thing>`` line for each thing to try.
    """

    def __init__(self, what: str, *things_to_try: str) -> None:
        super().__init__(what)
        self.what = what
        self.things_to_try = things_to_try

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  - {thing}" for thing in self.things_to_try)])
