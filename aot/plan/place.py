"""One arena: offsets for the buffers of a problem, and what is proved of them."""

from aot.plan.bound import live_bytes
from aot.plan.exact import proved_bound, smallest
from aot.plan.heuristic import MOST_TRIES, Blocks, lowest
from aot.plan.records import Plan, Problem, aligned


def place(problem: Problem, quick: bool = False) -> Plan:
    """Give every buffer of `problem` its offset. A `quick` plan may be larger than the one that a search finds."""
    blocks = Blocks(problem)
    live = aligned(int(live_bytes(problem).max(initial=0)))
    at, optimal = _search(blocks, live, quick)
    offsets = tuple(at[block] + int(shift) for block, shift in zip(blocks.owner, blocks.shift, strict=True))
    result = Plan(problem, offsets, aligned(blocks.top(at)), live, optimal)
    result.check()
    return result


def _search(blocks: Blocks, live: int, quick: bool) -> tuple[list[int], bool]:
    """The offset of each block, and whether it is proved that no arena is smaller: first fast, then thoroughly."""
    at = lowest(blocks, live, tries=1)
    size = aligned(blocks.top(at))
    if quick or size == live:
        return at, size == live
    bound = proved_bound(blocks, live, size)
    return smallest(blocks, lowest(blocks, bound, MOST_TRIES), bound)
