"""How small an arena can be at best."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from aot.graph.fixedpoint import Array
from aot.plan.overlap import most_shared
from aot.plan.records import ALIGNMENT, Buffer, Problem, aligned


def live_bytes(problem: Problem) -> Array:
    """For each time, beginning with -1, the fewest bytes that can hold what lives then, rounded up to the alignment.

    No union is smaller than the sum of its parts less what each two of them have in common (Bonferroni's inequality);
    and an output shares no more with all inputs together than its own bytes.
    """
    end = max((b.last for b in problem.buffers), default=-1)
    change = np.zeros(end + 3, np.int64)
    blocks: dict[str, list[Buffer]] = {}
    for buffer in problem.buffers:
        blocks.setdefault(buffer.block, []).append(buffer)
    for parts in blocks.values():
        for first, behind, size in _covered(parts):
            change[first + 1] += size
            change[behind + 1] -= size
    total = np.cumsum(change)[:-1]
    for output, shared in _shared_bytes(problem).items():
        total[output.first + 1] -= min(shared, aligned(output.size))
    return total


def _covered(parts: Sequence[Buffer]) -> list[tuple[int, int, int]]:
    """From which time on, to which other, how many bytes the buffers of one block cover together."""
    times = sorted({b.first for b in parts} | {b.last + 1 for b in parts})
    spans = []
    for first, behind in pairwise(times):
        total = end = 0
        for start, stop in sorted((b.shift, b.shift + aligned(b.size)) for b in parts if b.first <= first <= b.last):
            total += max(0, stop - max(start, end))
            end = max(end, stop)
        spans.append((first, behind, total))
    return spans


def _shared_bytes(problem: Problem) -> dict[Buffer, int]:
    """For each output, the most bytes that it can have in common with inputs that die where it is born."""
    by_name = {b.name: b for b in problem.buffers}
    shared: dict[Buffer, int] = {}
    for (source, output), overlap in problem.shared.items():
        a, b = by_name[source], by_name[output]
        if a.last == b.first and a.block != b.block:
            most = most_shared(aligned(a.size), aligned(b.size), overlap, ALIGNMENT)
            shared[b] = shared.get(b, 0) + most
    return shared
