"""Whether a smaller arena is possible: branch and bound over the distances between blocks.

Two blocks that live at one time have a distance, and some distances are wrong. A state says how low and how high each
block may lie, and how near and how far each two may be. Narrowing one by the other ends in a contradiction, in a
placement, or where two blocks, each as low as it may lie, are at a wrong distance: they are nearer than the wrong ones,
or further, and both are tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aot.plan.heuristic import Blocks
from aot.plan.overlap import Overlap
from aot.plan.records import ALIGNMENT, aligned

MOST_WORK = 200_000  # pairs looked at in one search: about a second
_BOUND_WORK = 100_000  # ... to find a bound
_FAR = 1 << 60


def proved_bound(blocks: Blocks, known: int, size: int) -> int:
    """The size of which narrowing alone shows that no arena is smaller; at least `known`, at most `size`."""
    search = _Search(blocks, _BOUND_WORK)
    while known < size:
        middle = aligned((known + size - ALIGNMENT) // 2)
        if search.begin(middle) is None:
            known = middle + ALIGNMENT
        else:
            size = middle
    return known


def smallest(blocks: Blocks, offsets: Sequence[int], enough: int) -> tuple[list[int], bool]:
    """The best placement that is found from `offsets` on, and whether it is proved that there is no better one."""
    best, search = list(offsets), _Search(blocks, MOST_WORK)
    while (size := aligned(blocks.top(best))) > enough:
        better = search.below(size)
        if better is None:
            return best, search.work < search.most
        best = better
    return best, True


@dataclass(frozen=True)
class _Pair:
    """Two blocks, by number, that live at one time.

    A rule is where a part of the second would begin on one of the first, the distances between which that would put
    one on the other, and how it may.
    """

    a: int
    b: int
    rules: tuple[tuple[int, int, int, Overlap], ...]

    def at_least(self, distance: int) -> int:
        """The least distance from here on, from `a` to `b`, that is not wrong."""
        before = None
        while distance != before:
            before = distance
            for origin, least, most, overlap in self.rules:
                if least < distance - origin < most:
                    distance = int(min(most, overlap.next(distance - origin))) + origin
            distance = aligned(distance)
        return distance

    def mirrored(self) -> "_Pair":
        """The distances from `b` to `a`."""
        rules = tuple((-origin, -most, -least, overlap.mirrored()) for origin, least, most, overlap in self.rules)
        return _Pair(self.b, self.a, rules)


@dataclass
class _State:
    """What is left: the lowest and the highest offset of blocks, the least and the greatest distance of pairs."""

    low: list[int]
    high: list[int]
    near: list[int]
    far: list[int]

    def copy(self) -> "_State":
        return _State(self.low[:], self.high[:], self.near[:], self.far[:])


class _Search:
    """States of one problem; `work` counts the pairs that were looked at, `most` is when the search gives up."""

    def __init__(self, blocks: Blocks, most: int) -> None:
        self.blocks, self.most, self.work = blocks, most, 0
        self.pairs = _pairs(blocks)
        self.mirrored = [pair.mirrored() for pair in self.pairs]
        self.failures = [1] * len(self.pairs)  # found at each pair: those that fail often are decided first
        self.of: list[list[int]] = [[] for _ in blocks.names]
        for k, pair in enumerate(self.pairs):
            self.of[pair.a].append(k)
            self.of[pair.b].append(k)

    def below(self, size: int) -> list[int] | None:
        """A placement in less than `size` bytes. None where there is none, or too much work was done."""
        states = [self.begin(size - ALIGNMENT)]
        while states and self.work < self.most:
            state = states.pop()
            if state is None:
                continue
            k = self._undecided(state)
            if k is None:
                return state.low
            states += self._branches(state, k)
        return None

    def begin(self, size: int) -> _State | None:
        """The state in which all lies within `size` bytes. None where that is impossible."""
        blocks, count = self.blocks, len(self.pairs)
        high = [(size - own) // step * step for own, step in zip(blocks.sizes, blocks.alignments, strict=True)]
        state = _State([0] * len(high), high, [-_FAR] * count, [_FAR] * count)
        return state if min(high, default=0) >= 0 and self._narrow(state, range(count)) else None

    def _undecided(self, state: _State) -> int | None:
        """The pair at a wrong distance, where all lies lowest, that has failed most for how far it can move."""
        worst, chosen = 0.0, None
        self.work += len(self.pairs)
        for k, pair in enumerate(self.pairs):
            distance = state.low[pair.b] - state.low[pair.a]
            if pair.at_least(distance) != distance:
                room = sum(state.high[block] - state.low[block] for block in (pair.a, pair.b))
                if self.failures[k] / (1 + room) > worst:
                    worst, chosen = self.failures[k] / (1 + room), k
        return chosen

    def _branches(self, state: _State, k: int) -> list[_State]:
        """The states in which pair `k` is further, and nearer, than it is in `state`; the lower one last."""
        pair = self.pairs[k]
        distance = state.low[pair.b] - state.low[pair.a]
        further, nearer = state.copy(), state
        further.near[k] = pair.at_least(distance)
        nearer.far[k] = -self.mirrored[k].at_least(-distance)
        return sorted((s for s in (further, nearer) if self._narrow(s, (k,))), key=lambda s: -sum(s.low))

    def _narrow(self, state: _State, changed: Iterable[int]) -> bool:
        """Draw all conclusions from pairs that `changed`; False where they contradict each other."""
        waiting = dict.fromkeys(changed)
        while waiting and self.work < self.most:
            k = waiting.popitem()[0]
            self.work += 1
            moved = self._narrow_pair(state, k)
            if moved is None:
                self.failures[k] += 1
                return False
            waiting.update((other, None) for block in moved for other in self.of[block])
        return True

    def _narrow_pair(self, state: _State, k: int) -> list[int] | None:
        """Draw the conclusions from one pair: the blocks that can move less; None where nothing is left."""
        pair, low, high, step = self.pairs[k], state.low, state.high, self.blocks.alignments
        a, b = pair.a, pair.b
        before = {block: (low[block], high[block]) for block in (a, b)}
        near = pair.at_least(max(state.near[k], low[b] - high[a]))
        far = -self.mirrored[k].at_least(-min(state.far[k], high[b] - low[a]))
        if near > far:
            return None
        state.near[k], state.far[k] = near, far
        low[b] = max(low[b], aligned(low[a] + near, step[b]))
        low[a] = max(low[a], aligned(low[b] - far, step[a]))
        high[a] = min(high[a], (high[b] - near) // step[a] * step[a])
        high[b] = min(high[b], (high[a] + far) // step[b] * step[b])
        if low[a] > high[a] or low[b] > high[b]:
            return None
        return [block for block in (a, b) if (low[block], high[block]) != before[block]]


def _pairs(blocks: Blocks) -> list[_Pair]:
    """All pairs of blocks parts of which live at one time."""
    rules: dict[tuple[int, int], list[tuple[int, int, int, Overlap]]] = {}
    parts = sorted(range(len(blocks.buffers)), key=lambda n: int(blocks.owner[n]))
    for i, n in enumerate(parts):
        b, allowed = blocks.buffers[n], dict(blocks.overlaps[n])
        for m in parts[:i]:
            a = blocks.buffers[m]
            if a.block != b.block and a.first <= b.last and b.first <= a.last:
                rule = (a.shift - b.shift, -b.size, a.size, allowed.get(m, Overlap()))
                rules.setdefault((int(blocks.owner[m]), int(blocks.owner[n])), []).append(rule)
    return [_Pair(*key, tuple(found)) for key, found in rules.items()]
