"""Where each buffer goes: blocks of buffers that move together, each as low as those placed before it allow."""

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np

from aot.graph.fixedpoint import Array
from aot.plan.bound import live_bytes
from aot.plan.overlap import Overlap
from aot.plan.records import Problem, aligned

MOST_TRIES = 15  # placements from one order on, ...
_MOST_WORK = 200_000  # ... fewer where there are many buffers: about so many pairs of them are looked at

_Rule = tuple[int, int, int, Overlap]  # counted from the first, wrong between the second and third if not allowed


def lowest(blocks: "Blocks", enough: int, tries: int) -> list[int]:
    """The offset of each block in the smallest arena found; the search ends early where `enough` bytes suffice.

    Blocks are placed in many orders. From one to the next, those that end too high come earlier, and now and then
    some others too. The same problem always gives the same offsets.
    """
    tries = min(tries, 1 + _MOST_WORK // (1 + len(blocks.buffers) ** 2))
    best: list[int] = []
    ways = (False, True) if tries > 1 else (False,)  # the first placement is the same
    for start, wandering in product(_orders(blocks), ways):
        for offsets in islice(_squeezed(blocks, start, enough, wandering), tries):
            if not best or blocks.top(offsets) < blocks.top(best):
                best = offsets
            if blocks.top(best) <= enough:
                return best
    return best


class Blocks:
    """The buffers of a problem, in arrays: what placing them needs to know."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.buffers = problem, problem.buffers
        self.names = tuple(dict.fromkeys(b.block for b in problem.buffers))
        number = {name: i for i, name in enumerate(self.names)}
        self.owner = np.array([number[b.block] for b in self.buffers], np.int64)
        self.first, self.last, self.shift, self.size = (
            np.array([getattr(b, field) for b in self.buffers], np.int64)
            for field in ("first", "last", "shift", "size")
        )
        self.parts = [np.flatnonzero(self.owner == i) for i in range(len(self.names))]
        self.sizes = [int((self.shift + self.size)[parts].max()) for parts in self.parts]
        self.spans = [(int(self.first[parts].min()), int(self.last[parts].max())) for parts in self.parts]
        self.alignments = [max(self.buffers[n].alignment for n in parts) for parts in self.parts]
        self.overlaps = _overlaps(problem)

    def place(self, order: Sequence[int]) -> list[int]:
        """Each block in turn at the lowest offset that those before it allow."""
        offsets = [-1] * len(order)
        starts = np.full(len(self.buffers), -1, np.int64)
        for i in order:
            taken = np.concatenate([self._taken(n, starts) for n in map(int, self.parts[i])], axis=1)
            rules = [rule for n in map(int, self.parts[i]) for rule in self._rules(n, starts)]
            offsets[i] = _lowest(taken, rules, self.alignments[i])
            starts[self.parts[i]] = offsets[i] + self.shift[self.parts[i]]
        return offsets

    def _taken(self, n: int, starts: Array) -> Array:
        """Offsets that put buffer `n` on one that may not be overlapped: all from low to high, neither included."""
        rivals = (starts >= 0) & (self.first <= self.last[n]) & (self.last >= self.first[n])
        rivals &= self.owner != self.owner[n]
        rivals[[other for other, _ in self.overlaps[n]]] = False
        low = starts[rivals] - self.size[n] - self.shift[n]
        return np.stack([low, starts[rivals] + self.size[rivals] - self.shift[n]])

    def _rules(self, n: int, starts: Array) -> list[_Rule]:
        """The same for buffers that may be overlapped in some ways."""
        return [
            (int(starts[other] - self.shift[n]), int(-self.size[n]), int(self.size[other]), overlap)
            for other, overlap in self.overlaps[n]
            if starts[other] >= 0
        ]

    def top(self, offsets: Sequence[int]) -> int:
        """Where the highest block ends."""
        return max((at + size for at, size in zip(offsets, self.sizes, strict=True)), default=0)


def _overlaps(problem: Problem) -> list[list[tuple[int, Overlap]]]:
    """For each buffer, those that it may overlap, by number, and how: for the distance from the other to this one."""
    number = {b.name: n for n, b in enumerate(problem.buffers)}
    found: list[list[tuple[int, Overlap]]] = [[] for _ in problem.buffers]
    for (source, output), overlap in problem.shared.items():
        a, b = problem.buffers[number[source]], problem.buffers[number[output]]
        if a.last == b.first and a.block != b.block:
            found[number[output]].append((number[source], overlap))
            found[number[source]].append((number[output], overlap.mirrored()))
    return found


def _lowest(taken: Array, rules: Sequence[_Rule], alignment: int) -> int:
    """The least aligned offset that is in none of the intervals `taken`, and that `rules` allow."""
    low, high = taken[:, np.argsort(taken[0])]
    ends = -(-np.maximum.accumulate(high) // alignment) * alignment
    gaps = np.flatnonzero(np.append(low[1:], np.iinfo(np.int64).max) >= ends)  # behind these there is room
    at = before = 0
    while True:
        k = int(np.searchsorted(low, at))
        if k and ends[k - 1] > at:
            at = int(ends[gaps[np.searchsorted(gaps, k - 1)]])
        for origin, least, most, overlap in rules:
            if least < at - origin < most:
                at = int(min(most, overlap.next(at - origin))) + origin
        at = aligned(at, alignment)
        if at == before:
            return at
        before = at


def _orders(blocks: Blocks) -> list[list[int]]:
    """The largest first, or the longest-lived, or from the call that needs most to that which needs least."""
    indices = range(len(blocks.names))
    sizes, spans = blocks.sizes, blocks.spans
    live = live_bytes(blocks.problem)  # from time -1 on
    need = [int(live[first + 1 : last + 2].max()) for first, last in spans]
    return [
        sorted(indices, key=lambda i: (-sizes[i], spans[i])),
        sorted(indices, key=lambda i: (-sizes[i], -spans[i][0])),  # outputs, which want to lie lower, before inputs
        sorted(indices, key=lambda i: (spans[i][0] - spans[i][1], -sizes[i])),
        sorted(indices, key=lambda i: (-need[i], -sizes[i])),
        sorted(indices, key=lambda i: (-need[i], -spans[i][0])),
    ]


def _squeezed(blocks: Blocks, order: Sequence[int], enough: int, wandering: bool) -> Iterator[list[int]]:
    """Placements without end: what ends too high moves forward, a random way.

    From the best order so far, what ends at the top; or, where it is `wandering`, from the last one, what ends beyond
    `enough`.
    """
    base, state = list(order), 1
    offsets = best = blocks.place(order)
    while True:
        yield offsets
        if wandering or blocks.top(offsets) <= blocks.top(best):
            base, best = list(order), offsets
        limit = enough if wandering else max(enough, blocks.top(best) - 1)
        rank = {block: float(n) for n, block in enumerate(base)}
        for block in base:
            state = state * 1103515245 + 12345 & 0x7FFFFFFF  # numbers that are the same everywhere
            if best[block] + blocks.sizes[block] > limit or state >> 16 & 31 == 0:
                rank[block] -= 1 + (state >> 8) % len(order)
        order = sorted(base, key=lambda block: rank[block])
        offsets = blocks.place(order)
