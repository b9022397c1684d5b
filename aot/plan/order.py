"""The order of calls that needs least memory, where a graph has branches.

Orders grow call by call. Of those that have made the same calls, only the one that needed least goes on, because what
lives then is the same: that is exact. Where they are too many, those that needed least so far go on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from aot.graph.ir import Graph
from aot.plan.bound import live_bytes
from aot.plan.lifetimes import problem_of
from aot.plan.overlap import most_shared
from aot.plan.records import ALIGNMENT, Buffer, Step, aligned
from aot.plan.views import View

_MOST_WORK = 20_000  # calls that are tried, in all; to find each one of a long order at least ...
_LEAST_WORK = 100  # ... so many


def best_order(graph: Graph, steps: Sequence[Step], views: Mapping[str, View]) -> list[int] | None:
    """The indices of `steps` in an order that lets fewer bytes live at once; None where none was found."""
    problem = problem_of(graph, steps, views)
    calls = _Calls(graph, steps, views, problem.buffers)
    limit = int(live_bytes(problem).max(initial=0))
    level, most = {0: calls.start()}, max(_LEAST_WORK, _MOST_WORK // max(1, len(steps)))
    for _ in steps:
        following: dict[int, _Order] = {}
        for order in _first(level, most):
            for t in order.ready:
                grown = calls.after(order, t)
                known = following.get(grown.done)
                if grown.peak < limit and (known is None or grown.rank < known.rank):
                    following[grown.done] = grown
        level = following
    return next((list(order.calls) for order in level.values() if steps), None)


@dataclass(frozen=True)
class _Order:
    """Some calls in an order: the most bytes that lived at once, and what lives now, in bytes and by buffer.

    Sets of calls and of buffers are numbers, a bit for each; `ready` are the calls that may be next.
    """

    calls: tuple[int, ...]
    done: int
    ready: tuple[int, ...]
    alive: int
    live: int
    peak: int

    @property
    def rank(self) -> tuple[int, int, tuple[int, ...]]:
        """The lower, the better; of equals, what is nearest to the order of the file."""
        return self.peak, self.live, self.calls


def _first(level: Mapping[int, _Order], most: int) -> Iterator[_Order]:
    """The best of `level` that have no more than `most` calls to try; one at least."""
    tried = 0
    for order in sorted(level.values(), key=lambda order: order.rank):
        if tried and tried + len(order.ready) > most:
            return
        tried += len(order.ready)
        yield order


class _Calls:
    """What lives before, during and after a call, whichever were made before.

    A buffer is born when all its `writers` were called, and dies when all its `readers` were, too, unless it is to
    last `forever`.
    """

    def __init__(
        self, graph: Graph, steps: Sequence[Step], views: Mapping[str, View], buffers: Sequence[Buffer]
    ) -> None:
        self.steps, self.buffers = steps, [b for b in buffers if b.name in graph.tensors]
        self.number = {b.name: n for n, b in enumerate(self.buffers)}
        writers, readers = _writers(graph, steps), dict.fromkeys(self.number, 0)
        for t, step in enumerate(steps):
            for name in step.inputs:
                if name in readers:
                    readers[name] |= 1 << t
        for name, view in views.items():
            if view.part and name in readers:  # lasts until the whole is there
                readers[name] |= writers[view.of]
        self.writers, self.readers = ([each[b.name] for b in self.buffers] for each in (writers, readers))
        kept = {*graph.wanted, *graph.given[len(graph.inputs) :]}
        self.forever = sum(1 << n for n, b in enumerate(self.buffers) if b.name in kept)
        self.touched = [
            [n for n in range(len(self.buffers)) if (self.writers[n] | self.readers[n]) >> t & 1]
            for t in range(len(steps))
        ]
        self.needed = [_union(writers[name] for name in step.inputs if name in writers) for step in steps]
        blocks: dict[str, int] = {}
        for n, b in enumerate(self.buffers):
            blocks[b.block] = blocks.get(b.block, 0) | 1 << n
        self.siblings = [blocks[b.block] for b in self.buffers]
        self.covered = cache(self._covered)

    def start(self) -> _Order:
        """Before the first call."""
        alive = sum(1 << n for n, writers in enumerate(self.writers) if not writers)
        live = sum(self.covered(block & alive) for block in set(self.siblings))
        ready = tuple(t for t in range(len(self.steps)) if not self.needed[t])
        left = alive & (self.forever | sum(1 << n for n, readers in enumerate(self.readers) if readers))
        return _Order((), 0, ready, left, live - self._less(alive, left, range(len(self.buffers))), live)

    def after(self, order: _Order, t: int) -> _Order:
        """`order` with call `t` behind it."""
        done, touched = order.done | 1 << t, self.touched[t]
        during = order.alive | sum(1 << n for n in touched if self.writers[n] >> t & 1 and not self.writers[n] & ~done)
        dying = sum(1 << n for n in touched if not self.readers[n] & ~done and not self.writers[n] & ~done)
        left = during & ~(dying & ~self.forever)
        live = order.live - self._less(order.alive, during, touched)
        need = live + aligned(self.steps[t].scratch) - self._shared(t, during & ~left)
        ready = [other for other in order.ready if other != t]
        ready += [other for other in self._followers(t) if not self.needed[other] & ~done]
        live -= self._less(during, left, touched)
        if len(order.calls) + 1 == len(self.steps):
            need = max(need, live)  # outputs live on
        return _Order((*order.calls, t), done, tuple(ready), left, live, max(order.peak, need))

    def _followers(self, t: int) -> Iterator[int]:
        """The calls that need what call `t` writes."""
        return (other for other, needed in enumerate(self.needed) if needed >> t & 1)

    def _less(self, before: int, now: int, touched: Sequence[int]) -> int:
        """How many bytes less live `now` than `before`, if only `touched` buffers were born or died."""
        return sum(self.covered(b & before) - self.covered(b & now) for b in {self.siblings[n] for n in touched})

    def _covered(self, parts: int) -> int:
        """The bytes that some buffers of one block cover together."""
        total = end = 0
        chosen = [b for n, b in enumerate(self.buffers) if parts >> n & 1]
        for start, stop in sorted((b.shift, b.shift + aligned(b.size)) for b in chosen):
            total += max(0, stop - max(start, end))
            end = max(end, stop)
        return total

    def _shared(self, t: int, dying: int) -> int:
        """The most bytes that outputs of call `t` can have in common with inputs that die there."""
        step, total = self.steps[t], 0
        for i, written in enumerate(step.outputs):
            y = self.buffers[self.number[written]]
            shared = 0
            for name in dict.fromkeys(step.inputs):
                n = self.number.get(name, -1)
                if n >= 0 and dying >> n & 1 and self.buffers[n].block != y.block:
                    sizes = aligned(self.buffers[n].size), aligned(y.size)
                    shared += most_shared(*sizes, step.overlap_with(name, i), ALIGNMENT)
            total += min(shared, aligned(y.size))
        return total


def _union(sets: Iterator[int]) -> int:
    result = 0
    for each in sets:
        result |= each
    return result


def _writers(graph: Graph, steps: Sequence[Step]) -> dict[str, int]:
    """The calls that must be made before a tensor is there, as a set; of a view, those of what it shows."""
    writers = dict.fromkeys(graph.given, 0)
    writers.update((name, 1 << t) for t, step in enumerate(steps) for name in step.outputs)
    for op in graph.ops:
        sources = [writers[name] for name in op.inputs if name in writers]
        for name in op.outputs:
            if name not in writers and sources:
                writers[name] = _union(iter(sources))
    return writers
