"""How often a tensor is read: what one layer alone reads may become part of the layer before."""

from collections import Counter
from collections.abc import Iterable

from aot.frontends.building import Value


class Reads:
    """Counts of the tensors that values are in."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def made(self, value: Value, times: int) -> None:
        """`value` will be read so often."""
        if not value.constant:
            self._counts[value.tensor] += times

    def passed(self, values: Iterable[Value]) -> None:
        """Somebody who counts as a reader of these only hands them on."""
        for value in values:
            self.made(value, -1)

    def alone(self, value: Value) -> bool:
        """Whether one layer alone reads it."""
        return not value.constant and self._counts[value.tensor] == 1
