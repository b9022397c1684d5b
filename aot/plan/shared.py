"""Several models in one arena: what each remembers lies apart at the bottom, all else lies over the others'."""

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import accumulate

from aot.plan import place
from aot.plan.records import ALIGNMENT, Plan, Problem, aligned

START_ALIGNMENT = 8  # of what is one model's own, whatever elements it holds

Kept = Sequence[Set[str]]  # for each model, the names of the buffers that keep their values from run to run


def shared(plans: Sequence[Plan], kept: Kept) -> tuple[Plan, ...]:
    """The plans of models that do not run at once, for one arena of the size of the largest.

    Where no model remembers anything, they are as they were. Otherwise the states of all models lie side by side, then
    comes what only a run needs. A model's `lower_bound` then includes what the others remember.
    """
    if not any(kept):
        return tuple(plans)
    pairs = list(zip(plans, kept, strict=True))
    *starts, floor = accumulate((_states_bytes(plan, names, START_ALIGNMENT) for plan, names in pairs), initial=0)
    least = [_states_bytes(plan, names, ALIGNMENT) for plan, names in pairs]
    placed = tuple(
        _above(plan, names, start, floor, sum(least) - own)
        for (plan, names), start, own in zip(pairs, starts, least, strict=True)
    )
    check_shared(placed, kept)
    return placed


def check_shared(plans: Sequence[Plan], kept: Kept) -> None:
    """No buffer of a model lies over what another one remembers. Compares all with all, and knows no planner."""
    for i, (plan, names) in enumerate(zip(plans, kept, strict=True)):
        plan.check()
        for buffer, at in zip(plan.buffers, plan.offsets, strict=True):
            if buffer.block not in names:
                continue
            for other in (*plans[:i], *plans[i + 1 :]):
                for rival, start in zip(other.buffers, other.offsets, strict=True):
                    apart = start >= at + buffer.size or at >= start + rival.size
                    assert apart, f"{rival.name} lies over {buffer.name}, which another model remembers"


def _states_bytes(plan: Plan, names: Set[str], alignment: int) -> int:
    return sum(_block_bytes(plan.problem, name, alignment) for name in names)


def _block_bytes(problem: Problem, name: str, alignment: int) -> int:
    return aligned(max(b.shift + b.size for b in problem.buffers if b.block == name), alignment)


def _above(plan: Plan, names: Set[str], start: int, floor: int, foreign: int) -> Plan:
    """The plan with the states called `names` from `start` on, and all else from `floor` on.

    The states of other models, which lie there too, are `foreign` bytes.
    """
    problem = plan.problem
    at: dict[str, int] = {}
    for name in sorted(names):
        at[name] = start
        start += _block_bytes(problem, name, START_ALIGNMENT)
    rest = place(_without(problem, names))
    at |= {b.block: floor + offset - b.shift for b, offset in zip(rest.buffers, rest.offsets, strict=True)}
    offsets = tuple(at[b.block] + b.shift for b in problem.buffers)
    size, bound = floor + rest.size, plan.lower_bound + foreign
    return replace(plan, offsets=offsets, size=size, lower_bound=bound, optimal=size == bound)


def _without(problem: Problem, names: Set[str]) -> Problem:
    """What is left when the blocks called `names` lie elsewhere."""
    buffers = tuple(b for b in problem.buffers if b.block not in names)
    left = {b.name for b in buffers}
    return Problem(buffers, {pair: overlap for pair, overlap in problem.shared.items() if left.issuperset(pair)})
