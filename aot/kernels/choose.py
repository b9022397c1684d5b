"""Which kernels a model gets: the fastest, the smallest, or those whose flash is worth the time that they save."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from aot.graph.ir import Op
from aot.kernels.call import Call, Target, constants_of
from aot.kernels.costs import code_bytes

OPTIMIZATIONS = ("speed", "balanced", "size")
_BALANCED_BYTES = 102_400  # so many bytes of flash are worth the time of one inference: 1 KiB for each percent
_SPEEDY_BYTES = 16 * _BALANCED_BYTES  # for speed, what a kernel with much scratch memory may cost in flash, as above
_NEXT_TO_NOTHING = 1e-9  # bytes for a cycle: it decides between choices of the same size
_WORTH = 0.9  # of the flash of the fastest choice: a choice of that size may be as slow as it likes
_SLOWER = 1.15  # times the fastest choice: as slow as any other choice for size may be
_DEARER = 4  # times the price of a cycle, until the choice is fast enough


@dataclass(frozen=True)
class _Offer:
    """A call, and the bytes of the constants that it brings along: counted once, since choices are weighed often."""

    call: Call
    constants: int

    @property
    def kernel(self) -> str:
        return self.call.kernel.name

    def price(self, cycle: float) -> float:
        """In bytes of flash, without the code of the kernel."""
        return cycle * self.call.cost + self.constants


def choose(candidates: Sequence[Sequence[Call]], target: Target) -> list[Call]:
    """One of the candidates, the fastest first, for each operator."""
    if target.optimize == "speed":
        return _fastest(_affordable(candidates))
    offers = [[_offer(call) for call in calls] for calls in candidates]
    return [offer.call for offer in _chosen(offers, target)]


def _affordable(candidates: Sequence[Sequence[Call]]) -> list[list[Call]]:
    """Without the roomy kernels, whose weights are large, that take too much flash for the time that they save."""
    usual = [_offer(next((call for call in calls if not call.kernel.roomy), calls[0])) for calls in candidates]
    cycle = _SPEEDY_BYTES / max(1.0, _time(usual))
    return [
        [call for call in calls if not call.kernel.roomy or _offer(call).price(cycle) <= other.price(cycle)]
        for calls, other in zip(candidates, usual, strict=True)
    ]


def _fastest(candidates: Sequence[Sequence[Call]]) -> list[Call]:
    """Operators with the same weights, as stripes of a layer are, get one kernel: each stores them in its own way."""
    alike: dict[tuple[object, ...], list[Sequence[Call]]] = defaultdict(list)
    for calls in candidates:
        alike[_weights(calls[0].op)].append(calls)
    kernels = {weights: _least_in_sum(group) for weights, group in alike.items()}
    return [_of_kernel(calls, kernels[_weights(calls[0].op)]) for calls in candidates]


def _weights(op: Op) -> tuple[object, ...]:
    """What operators with the same weights have in common, and no others."""
    return (type(op), *op.inputs[1:]) if op.scheme.channel_axis is not None else (op.outputs,)


def _least_in_sum(group: Sequence[Sequence[Call]]) -> str | None:
    """The kernel that all operators may have at the least cost together; None where there is no such kernel."""
    costs = [{call.kernel.name: call.cost for call in reversed(calls)} for calls in group]
    common = [call.kernel.name for call in group[0] if all(call.kernel.name in others for others in costs)]
    return min(common, key=lambda name: sum(cost[name] for cost in costs), default=None)


def _of_kernel(calls: Sequence[Call], kernel: str | None) -> Call:
    """The fastest call of the kernel; the fastest of all where there is none."""
    return next((call for call in calls if call.kernel.name == kernel), calls[0])


def _offer(call: Call) -> _Offer:
    return _Offer(call, sum(constant.data.nbytes for constant in constants_of(call.params)))


def _chosen(offers: Sequence[Sequence[_Offer]], target: Target) -> list[_Offer]:
    fastest = [choices[0] for choices in offers]
    if target.optimize == "balanced":
        return _best(offers, target, _BALANCED_BYTES / max(1.0, _time(fastest)))
    return _smallest(offers, target, fastest)


def _smallest(offers: Sequence[Sequence[_Offer]], target: Target, fastest: Sequence[_Offer]) -> list[_Offer]:
    """The least flash; where that saves little, the least of what is not much slower than the fastest."""
    cycle = _NEXT_TO_NOTHING
    choice = _best(offers, target, cycle)
    if _price(choice, target, 0) < _WORTH * _price(fastest, target, 0):
        return choice
    while _time(choice) > _SLOWER * _time(fastest):
        cycle *= _DEARER
        choice = _best(offers, target, cycle)
    return choice


def _time(choice: Sequence[_Offer]) -> float:
    return sum(offer.call.cost for offer in choice)


def _best(offers: Sequence[Sequence[_Offer]], target: Target, cycle: float) -> list[_Offer]:
    """The choice of least price, at so many bytes for a cycle.

    A kernel's code counts once, whoever calls it: so kernels are left out, one after the other, as long as that makes
    the whole better.
    """
    ranked = [sorted(choices, key=lambda offer: offer.price(cycle)) for choices in offers]
    banned: set[str] = set()
    while True:
        best = _cheapest(ranked, banned)
        names = sorted({offer.kernel for offer in best})
        fewer = {name: _cheapest(ranked, banned | {name}) for name in names}
        better = {name: _price(choice, target, cycle) for name, choice in fewer.items() if choice}
        if not better or min(better.values()) >= _price(best, target, cycle):
            return best
        banned.add(min(better, key=lambda name: better[name]))


def _cheapest(ranked: Sequence[Sequence[_Offer]], banned: Collection[str]) -> list[_Offer]:
    """The first offer for each operator that is of no kernel that is banned; none if there is an operator without."""
    allowed = [next((offer for offer in choices if offer.kernel not in banned), None) for choices in ranked]
    found = [offer for offer in allowed if offer is not None]
    return found if len(found) == len(ranked) else []


def _price(choice: Sequence[_Offer], target: Target, cycle: float) -> float:
    """In bytes of flash."""
    code = sum(code_bytes(name, target) for name in {offer.kernel for offer in choice})
    return code + sum(offer.price(cycle) for offer in choice)
