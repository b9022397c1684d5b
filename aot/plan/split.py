"""Several memories: what is used most goes to the fastest, what does not fit there to the next."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aot.plan.bound import live_bytes
from aot.plan.place import place
from aot.plan.records import Plan, Problem


@dataclass(frozen=True)
class Pool:
    """A memory with room for an arena of `size` bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class Split:
    """A plan over several memories; the last of them is `missing` bytes too small for its part."""

    plan: Plan
    missing: int


def split(problem: Problem, heat: Mapping[str, float], pools: Sequence[Pool]) -> Split:
    """Each block of `problem` in one of `pools`, the fastest first.

    `heat` says how often each byte of a block is used. The hottest block is placed first, wherever it fits first; if
    not everything fits so, the largest is. Blocks in one memory overlap only as in a plan of their own.
    """
    sizes = block_sizes(problem)
    orders: Iterable[Callable[[str], tuple[float, str]]] = (
        lambda block: (-heat[block], block),
        lambda block: (-float(sizes[block]), block),
    )
    found = [_filled(problem, sorted(sizes, key=order), pools) for order in orders]
    best = min(found, key=lambda one: one.missing)
    best.plan.check()
    return best


def block_sizes(problem: Problem) -> dict[str, int]:
    """The bytes of each block of buffers that move together."""
    sizes: dict[str, int] = {}
    for b in problem.buffers:
        sizes[b.block] = max(sizes.get(b.block, 0), b.shift + b.size)
    return sizes


def _filled(problem: Problem, order: Sequence[str], pools: Sequence[Pool]) -> Split:
    """One memory after the other takes of the blocks, in this order, those that still fit; the last takes the rest."""
    plans: list[Plan] = []
    rest = list(order)
    for pool in pools[:-1]:
        chosen = _chosen(problem, rest, pool)
        rest = [block for block in rest if block not in chosen]
        plans.append(_arena(problem, chosen, pool))
    plans.append(_arena(problem, rest, pools[-1]))
    used = [plan for plan in plans if plan.buffers] or plans[:1]
    return Split(replace(used[0], spilled=tuple(used[1:])), max(0, plans[-1].size - pools[-1].size))


def _chosen(problem: Problem, order: Sequence[str], pool: Pool) -> set[str]:
    """The blocks that `pool` takes: each that fits beside those before it."""
    if _fits(_part(problem, order), pool):
        return set(order)
    chosen: set[str] = set()
    for block in order:
        if _fits(_part(problem, chosen | {block}), pool):
            chosen.add(block)
    return chosen


def _fits(problem: Problem, pool: Pool) -> bool:
    """Whether one quick placement shows that it does."""
    return live_bytes(problem).max(initial=0) <= pool.size and place(problem, quick=True).size <= pool.size


def _arena(problem: Problem, blocks: Collection[str], pool: Pool) -> Plan:
    """The arena of `blocks`, searched for until it fits in `pool`."""
    return replace(place(_part(problem, blocks)), pool=pool.name)


def _part(problem: Problem, blocks: Collection[str]) -> Problem:
    """`problem` without all other blocks."""
    kept = set(blocks)
    buffers = tuple(b for b in problem.buffers if b.block in kept)
    names = {b.name for b in buffers}
    return Problem(buffers, {pair: how for pair, how in problem.shared.items() if names.issuperset(pair)})
