"""A model with every kernel in it, compiled once in a process."""

from functools import cache

import cases
import merge
import native
from quick import quick_plans

from aot.compile.records import Compiled


@cache
def model(rounding: str = "double", board: str = "host") -> Compiled:
    """One case of every builder that has kernels in this rounding, as one graph."""
    with quick_plans():
        return native.compiled(merge.merged(cases.computed(cases.each(), rounding))[0], rounding, board)
