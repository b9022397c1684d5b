"""C text for one result, as kernels have it whose template is the loop around it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """Statements that lead up to a result, then the result; `needs` are the helpers and headers that they call."""

    lines: tuple[str, ...]
    needs: tuple[str, ...] = ()

    @property
    def printed(self) -> dict[str, object]:
        """What a template prints."""
        return {"statements": self.lines[:-1], "result": self.lines[-1]}


def plain(*lines: str) -> Formula:
    """One that calls nothing."""
    return Formula(lines)


def mathematical(*lines: str) -> Formula:
    """One that calls the C library's mathematical functions."""
    return Formula(lines, ("math.h",))
