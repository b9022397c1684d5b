"""Plans that are not the best ones, for graphs that are there for their kernels alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from aot.lower import lowering


@contextmanager
def quick_plans() -> Iterator[None]:
    """Any plan serves a graph that was merged of many, and the search for the best takes longer than gcc."""
    with (
        patch.object(lowering, "plan", partial(lowering.plan, quick=True)),
        patch.object(lowering, "best_order", lambda *_: None),
    ):
        yield
