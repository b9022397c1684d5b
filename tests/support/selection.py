"""Which tests run, by the operators that they are about, and in which order.

Operators have TensorFlow Lite's names; those that it does not have, their own.
"""

from itertools import islice

import pytest

from aot.frontends.tflite.operators import OPERATORS
from aot.ops import OPS

_IN_FILES = {operator.kind: operator.builtin for operator in reversed(OPERATORS) if operator.write is not None}
NAMES = {op: _IN_FILES.get(op, op.__name__) for op in OPS}
_BY_BUILDER = {kind.__name__: name for kind, name in NAMES.items()}
only: str | None = None  # the one that is to be tested


def builds_wanted(builder: str) -> bool:
    """Whether what the builder `Conv2D 3x3` makes is to be tested."""
    return only in (None, _BY_BUILDER[builder.split()[0]])


def operators_of(item: pytest.Item) -> set[str]:
    """The operators that a test is about: its marker names them, or a parameter is one, or the name of a builder."""
    if item.get_closest_marker("every_operator"):
        return set(NAMES.values())
    marked = {name for marker in item.iter_markers("operator") for name in marker.args}
    assert marked <= set(NAMES.values()), item.nodeid
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    names = (value if isinstance(value, str) else getattr(value, "__name__", "") for value in parameters)
    kinds = (name.partition(" ")[0] for name in names)
    return marked | {_BY_BUILDER[kind] for kind in kinds if kind in _BY_BUILDER}


def slow_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in a share for each worker, the slow ones at its beginning, so that none is left for the end."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    rest = iter([item for item in items if not item.get_closest_marker("slow")])
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        own = slow[worker::workers]
        share = (len(items) - len(dealt)) // (workers - worker)
        dealt += [*own, *islice(rest, max(0, share - len(own)))]
    return [*dealt, *rest]
