"""The arena over time: as a record, as text, and as a picture."""

from collections.abc import Iterator
from dataclasses import dataclass

from aot.base.templating import render
from aot.compile.records import Compiled
from aot.plan import Plan
from aot.plan.bound import live_bytes

_BAR = 40  # characters that stand for the whole arena
_WIDTH, _HEIGHT = 1100, 560  # of the picture, without what is written around it
_HUES = 12  # colours before they begin again


@dataclass(frozen=True)
class Moment:
    """One call: `bytes` is the least that can hold all that lives then, `top` where the highest of it ends."""

    layer: str
    kernel: str
    bytes: int
    top: int


@dataclass(frozen=True)
class Place:
    """A buffer lies at `offset` of the arena in `memory` from call `first` to call `last`; -1 is before the first."""

    memory: str
    name: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryMap:
    """The arenas, what happens in them, and what lies in them.

    `arenas` are their sizes, by memory; `arena_bytes` and `lower_bound` are sums. No plan of these parts is smaller
    than `lower_bound`; `optimal` says that it is proved of this one, too.
    """

    model: str
    board: str
    arena_bytes: int
    lower_bound: int
    optimal: bool
    arenas: dict[str, int]
    calls: list[Moment]
    buffers: list[Place]

    @property
    def peak(self) -> int:
        """The call that needs most."""
        return max(range(len(self.calls)), key=lambda t: self.calls[t].bytes, default=0)


def memory_map(compiled: Compiled) -> MemoryMap:
    """What was planned for a model."""
    plan = compiled.plan
    arenas = {one.pool: one.size for one in plan.arenas}
    buffers = [
        Place(one.pool, b.name, offset, b.size, b.first, min(b.last, len(compiled.calls)))
        for one in plan.arenas
        for b, offset in zip(one.buffers, one.offsets, strict=True)
    ]
    live = [_live(one, len(compiled.calls)) for one in plan.arenas]
    calls = [
        Moment(
            call.outputs[0] if call.outputs else "", call.kernel.name, sum(each[t] for each in live), _top(buffers, t)
        )
        for t, call in enumerate(compiled.calls)
    ]
    ordered = sorted(buffers, key=lambda b: (b.first, b.offset, b.name))
    bound, optimal = sum(one.lower_bound for one in plan.arenas), all(one.optimal for one in plan.arenas)
    sizes = plan.total, bound, optimal, arenas
    return MemoryMap(compiled.graph.name, compiled.board.name, *sizes, calls, ordered)


def _live(plan: Plan, calls: int) -> list[int]:
    """The least bytes of an arena at each call; its last buffers may die before the last call."""
    live = [int(n) for n in live_bytes(plan.problem)][1 : calls + 1]
    return live + [0] * (calls - len(live))


def _top(buffers: list[Place], t: int) -> int:
    """Where the highest buffer ends at call `t`; of several arenas, the sum of that."""
    tops: dict[str, int] = {}
    for b in buffers:
        if b.first <= t <= b.last:
            tops[b.memory] = max(tops.get(b.memory, 0), b.offset + b.size)
    return sum(tops.values())


def memory_lines(found: MemoryMap) -> Iterator[str]:
    """What lives at each call, as a bar of which the whole arena is the length; the call that needs most is marked."""
    proof = ", proved optimal" if found.optimal else ""
    yield f"arena {found.arena_bytes:,} bytes (lower bound {found.lower_bound:,}{proof})"
    several = len(found.arenas) > 1
    if several:
        yield from (f"  {size:,} bytes in {memory}" for memory, size in found.arenas.items())
    for t, call in enumerate(found.calls):
        filled = -(-call.bytes * _BAR // max(1, found.arena_bytes))
        mark = ">" if t == found.peak else " "
        yield f"{mark}{t:4} {call.bytes:9,} {'#' * filled:{_BAR}} {call.layer} ({call.kernel})"
    if found.calls:
        yield f"at call {found.peak}, which needs most:"
        for b in found.buffers:
            if b.first <= found.peak <= b.last:
                yield f"  {b.offset:9,} to {b.offset + b.size:9,}  {f'{b.memory}  ' if several else ''}{b.name}"


def memory_svg(found: MemoryMap) -> str:
    """The buffers as rectangles: time from left to right, addresses from the bottom up."""
    across = _WIDTH / (len(found.calls) + 2)
    up = _HEIGHT / max(1, found.arena_bytes)
    sizes = list(found.arenas.values())
    below = {memory: sum(sizes[:i]) for i, memory in enumerate(found.arenas)}  # one arena above the other
    boxes = [
        {
            "name": _escaped(b.name),
            "bytes": f"{b.size:,}",
            "offset": f"{b.offset:,}",
            "first": b.first,
            "last": b.last,
            "x": round((b.first + 1) * across, 1),
            "y": round(_HEIGHT - (below[b.memory] + b.offset + b.size) * up, 1),
            "width": round((b.last - b.first + 1) * across, 1),
            "height": round(max(b.size * up, 1), 1),
            "hue": i % _HUES * (360 // _HUES),
            "shown": (b.last - b.first + 1) * across > 7 * len(b.name) and b.size * up > 12,
        }
        for i, b in enumerate(found.buffers)
    ]
    return render(
        "memory.svg.j2",
        title=_escaped(f"{found.model} on {found.board}"),
        arena=f"{found.arena_bytes:,}",
        boxes=boxes,
        width=_WIDTH,
        height=_HEIGHT,
        peak={"x": round((found.peak + 1) * across, 1), "width": round(across, 1), "number": found.peak},
        layer=_escaped(found.calls[found.peak].layer) if found.calls else "",
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
