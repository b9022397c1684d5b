"""What a Keras file says of a layer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aot.base.errors import AotError
from aot.ops.common import require

Config = Mapping[str, Any]
_OPERATIONS = "keras.src.ops."  # modules of what keras.ops has, which in a graph are layers without weights


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer or operation: its class, its name, what it was made with, and the calls of it in its model."""

    kind: str
    module: str
    name: str
    config: Config
    calls: Sequence[Any] = ()

    @property
    def operation(self) -> bool:
        """Whether it is an operation of keras.ops."""
        return self.module.startswith(_OPERATIONS)

    def has(self, name: str) -> bool:
        """Whether something is said under this name."""
        return self.config.get(name) is not None

    def integer(self, name: str, default: int | None = None) -> int:
        """What it says as a whole number."""
        return whole(self._given(name, default), name)

    def integers(self, name: str, count: int, default: int | None = None) -> tuple[int, ...]:
        """`count` whole numbers; one stands for all."""
        value = self._given(name, default)
        return whole_numbers(value, name, count)

    def real(self, name: str, default: float | None = None) -> float:
        """What it says as a number."""
        return number(self._given(name, default), name)

    def flag(self, name: str, default: bool = False) -> bool:
        """What it says as true or false."""
        value = self.config.get(name)
        value = default if value is None else value
        require(isinstance(value, bool), f"{name} is neither true nor false")
        return bool(value)

    def text(self, name: str, default: str) -> str:
        """What it says as a text."""
        value = self.config.get(name)
        value = default if value is None else value
        require(isinstance(value, str), f"{name} is no text")
        return str(value)

    def inner(self, name: str) -> "Layer":
        """A layer inside."""
        return layer_of(self._given(name, None))

    def _given(self, name: str, default: Any) -> Any:
        value = self.config.get(name)
        value = default if value is None else value
        require(value is not None, f"{name} is missing")
        return value


def whole(value: Any, what: str) -> int:
    """`value` as a whole number."""
    require(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31, f"{what} is no whole number")
    return int(value)


def whole_numbers(value: Any, what: str, count: int | None = None) -> tuple[int, ...]:
    """`value` as a list of whole numbers, of which there are `count`, where that is known; one stands for all."""
    if not isinstance(value, list | tuple):
        return (whole(value, what),) * (1 if count is None else count)
    require(count is None or len(value) == count, f"{what} has {len(value)} numbers; expected {count}")
    return tuple(whole(v, what) for v in value)


def number(value: Any, what: str) -> float:
    """`value` as a finite number."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    require(plain and abs(value) < 2**127 and math.isfinite(value), f"{what} is no finite number")
    return float(value)


def layer_of(entry: Any) -> Layer:
    """The layer that a part of the file is about."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        raise AotError("the description of a layer is damaged", "save the model again")
    config = entry["config"]
    name = entry.get("name") or config.get("name") or entry.get("class_name")
    calls = entry.get("inbound_nodes") or ()
    kind, module = entry.get("class_name"), entry.get("module") or "keras"
    texts = isinstance(kind, str) and isinstance(module, str) and isinstance(name, str)
    if not texts or not isinstance(calls, Sequence):
        raise AotError("the description of a layer is damaged", "save the model again")
    return Layer(str(kind)[:200], str(module)[:200], str(name)[:200], config, calls)
