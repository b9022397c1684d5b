"""Which kernels a model gets: the fastest, the smallest, or those whose flash is worth the time that they save."""

from collections.abc import Collection, Sequence

from aot.kernels.call import Call, Target, constants_of
from aot.kernels.costs import code_bytes

OPTIMIZATIONS = ("speed", "balanced", "size")
_BALANCED_BYTES = 102_400  # so many bytes of flash are worth the time of one inference: 1 KiB for each percent
_NEXT_TO_NOTHING = 1e-9  # bytes for a cycle: it decides between choices of the same size
_WORTH = 0.9  # of the flash of the fastest choice: a choice of that size may be as slow as it likes
_SLOWER = 1.15  # times the fastest choice: as slow as any other choice for size may be
_DEARER = 4  # times the price of a cycle, until the choice is fast enough


def choose(candidates: Sequence[Sequence[Call]], target: Target) -> list[Call]:
    """One of the candidates, the fastest first, for each operator."""
    fastest = [calls[0] for calls in candidates]
    if target.optimize == "speed":
        return fastest
    if target.optimize == "balanced":
        return _best(candidates, target, _BALANCED_BYTES / max(1.0, _time(fastest)))
    return _smallest(candidates, target, fastest)


def _smallest(candidates: Sequence[Sequence[Call]], target: Target, fastest: Sequence[Call]) -> list[Call]:
    """The least flash; where that saves little, the least of what is not much slower than the fastest."""
    cycle = _NEXT_TO_NOTHING
    choice = _best(candidates, target, cycle)
    if _price(choice, target, 0) < _WORTH * _price(fastest, target, 0):
        return choice
    while _time(choice) > _SLOWER * _time(fastest):
        cycle *= _DEARER
        choice = _best(candidates, target, cycle)
    return choice


def _time(choice: Sequence[Call]) -> float:
    return sum(call.cost for call in choice)


def _best(candidates: Sequence[Sequence[Call]], target: Target, cycle: float) -> list[Call]:
    """The choice of least price, at so many bytes for a cycle.

    A kernel's code counts once, whoever calls it: so kernels are left out, one after the other, as long as that makes
    the whole better.
    """
    banned: set[str] = set()
    while True:
        best = _cheapest(candidates, banned, cycle)
        names = sorted({call.kernel.name for call in best})
        fewer = {name: _cheapest(candidates, banned | {name}, cycle) for name in names}
        better = {name: _price(choice, target, cycle) for name, choice in fewer.items() if choice}
        if not better or min(better.values()) >= _price(best, target, cycle):
            return best
        banned.add(min(better, key=lambda name: better[name]))


def _cheapest(candidates: Sequence[Sequence[Call]], banned: Collection[str], cycle: float) -> list[Call]:
    """The best call for each operator that is of no kernel that is banned; none if there is an operator without any."""
    allowed = [[call for call in calls if call.kernel.name not in banned] for calls in candidates]
    return [min(calls, key=lambda call: _own_price(call, cycle)) for calls in allowed] if all(allowed) else []


def _price(choice: Sequence[Call], target: Target, cycle: float) -> float:
    """In bytes of flash."""
    code = sum(code_bytes(name, target) for name in {call.kernel.name for call in choice})
    return code + sum(_own_price(call, cycle) for call in choice)


def _own_price(call: Call, cycle: float) -> float:
    return cycle * call.cost + sum(constant.data.nbytes for constant in constants_of(call.params))
