"""What a name of the model stands for, and the order in which its axes lie in memory.

Models whose images are [batch, channel, row, column] are compiled to operators on [batch, row, column, channel]. No
transposes are needed in between when each value says how it lies: operators that do not care keep what they get, a
transpose or reshape of the model changes only what its axes are called.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aot.graph.ir import Array, Quant, Unsupported

Order = tuple[int, ...]
Factors = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Value:
    """A constant with its `data`, or what the graph's `tensor` of this name holds.

    Axis i is the product of `factors[i]`, of which there is one unless it was merged out of several; the tensor has all
    factors, in `order`, with any shape that its elements allow. Constants lie as the model has them. `quant` is set for
    the integers of a quantized tensor; a constant that was dequantized has the `codes` that it came from.
    """

    shape: tuple[int, ...]
    dtype: str
    tensor: str = ""
    data: Array | None = None
    factors: Factors = ()
    order: Order = ()
    quant: Quant | None = None
    codes: Array | None = None
    label: str = ""

    @property
    def constant(self) -> bool:
        return self.data is not None

    @property
    def array(self) -> Array:
        """The data of a constant."""
        if self.data is None:
            raise Unsupported(f"%{self.label} is not constant")
        return self.data

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def axis_order(self) -> Order | None:
        """The order of the axes in memory; None where the factors of one are scattered."""
        if self.constant:
            return tuple(range(self.rank))
        if len(self.order) == self.rank == sum(map(len, self.factors)):
            return self.order
        owners = _owners(self.factors)
        stored = [f for f in self.order if self._extents[f] != 1]
        axes = list(dict.fromkeys(owners[f] for f in stored))
        if stored != [f for a in axes for f in _of_axis(owners, a) if self._extents[f] != 1]:
            return None
        return (*axes, *(a for a in range(self.rank) if a not in axes))

    def natural_order(self) -> Order:
        """The order of the axes in memory; of scattered ones, that in which they begin."""
        found = self.axis_order()
        if found is not None:
            return found
        owners = _owners(self.factors)
        begun = dict.fromkeys(owners[f] for f in self.order if self._extents[f] != 1)
        return (*begun, *(a for a in range(self.rank) if a not in begun))

    def lies_in(self, order: Order) -> bool:
        """Whether memory holds it in this order of axes, so that a reshape at most is needed."""
        return self._telling(self.order) == self._telling(self.factor_order(order))

    def factor_order(self, order: Order) -> Order:
        """The order of factors that an order of axes is."""
        owners = _owners(self.factors)
        return tuple(f for axis in order for f in _of_axis(owners, axis))

    def transposed(self, permutation: Sequence[int]) -> "Value":
        """Its axis i is axis permutation[i] of this one: no element moves."""
        shape = tuple(self.shape[a] for a in permutation)
        if self.constant:
            codes = None if self.codes is None else self.codes.transpose(permutation)
            return replace(
                self, shape=shape, data=self.array.transpose(permutation), codes=codes,
                quant=_moved_axis(self.quant, {a: i for i, a in enumerate(permutation)}),
            )  # fmt: skip
        renumbered = {f: i for i, f in enumerate(self.factor_order(tuple(permutation)))}
        factors = tuple(self.factors[a] for a in permutation)
        quant = _moved_axis(self.quant, {a: i for i, a in enumerate(permutation)})
        return replace(self, shape=shape, factors=factors, order=tuple(renumbered[f] for f in self.order), quant=quant)

    def reshaped(self, shape: Sequence[int]) -> "Value | None":
        """The same elements with another shape; None where an axis would hold parts of factors."""
        shape = tuple(shape)
        if self.constant:
            codes = None if self.codes is None else self.codes.reshape(shape)
            quant = self.quant if self.quant is None or self.quant.axis is None else _reshaped_axis(self, shape)
            return replace(self, shape=shape, data=self.array.reshape(shape), codes=codes, quant=quant)
        pieces = common_factors([e for e in self._extents if e != 1], [e for e in shape if e != 1])
        if pieces is None:
            return None
        old, new = pieces
        filled = iter(old)
        split = [next(filled) if e != 1 else (1,) for e in self._extents]
        numbers = _owners(tuple(split))
        order = [i for f in self.order for i in _of_axis(numbers, f) if self._extents[f] != 1]
        kept = sorted(order)
        taken = iter(new)
        factors = tuple(next(taken) if e != 1 else (1,) for e in shape)
        telling = [i for i, e in enumerate(_flat(factors)) if e != 1]
        renumbered = dict(zip(kept, telling, strict=True))
        ones = [i for i, e in enumerate(_flat(factors)) if e == 1]
        places = [renumbered[i] for i in order]
        in_order = places == sorted(places)  # then axes of 1 may stay where they are
        lies = range(len(places) + len(ones)) if in_order else (*places, *ones)
        return replace(self, shape=shape, factors=factors, order=tuple(lies))

    @property
    def _extents(self) -> tuple[int, ...]:
        return _flat(self.factors)

    def _telling(self, order: Order) -> list[int]:
        return [f for f in order if self._extents[f] != 1]

    @property
    def extents(self) -> tuple[int, ...]:
        """The extents of all factors."""
        return self._extents


def plain_factors(shape: Sequence[int]) -> tuple[Factors, Order]:
    """Of a value that lies as it is."""
    return tuple((e,) for e in shape), tuple(range(len(shape)))


def without(order: Order, axes: Iterable[int]) -> Order:
    """The order of the axes that are left when some go."""
    gone = set(axes)
    left = [a for a in sorted(order) if a not in gone]
    return tuple(left.index(a) for a in order if a not in gone)


def shape_in(shape: Sequence[int], order: Order) -> tuple[int, ...]:
    """A shape as memory has it."""
    return tuple(shape[a] for a in order)


def common_factors(a: Sequence[int], b: Sequence[int]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]] | None:
    """Both shapes, of the same elements and without ones, split so that the pieces are the same in both.

    None where there is no such split: 4 * 6 and 3 * 8.
    """
    left: list[list[int]] = [[] for _ in a]
    right: list[list[int]] = [[] for _ in b]
    i = j = 0
    rest_a, rest_b = (list(v) for v in (a, b))
    while i < len(a) and j < len(b):
        piece = math.gcd(rest_a[i], rest_b[j])
        smaller = min(rest_a[i], rest_b[j])
        if piece != smaller:
            return None
        left[i].append(piece)
        right[j].append(piece)
        rest_a[i] //= piece
        rest_b[j] //= piece
        i += rest_a[i] == 1
        j += rest_b[j] == 1
    return [tuple(p) for p in left], [tuple(p) for p in right]


def _flat(factors: Factors) -> tuple[int, ...]:
    return tuple(e for axis in factors for e in axis)


def _owners(factors: Factors) -> list[int]:
    """For each factor the axis that it is of."""
    return [axis for axis, extents in enumerate(factors) for _ in extents]


def _of_axis(owners: list[int], axis: int) -> list[int]:
    return [f for f, owner in enumerate(owners) if owner == axis]


def _moved_axis(quant: Quant | None, places: dict[int, int]) -> Quant | None:
    return quant if quant is None or quant.axis is None else replace(quant, axis=places[quant.axis])


def _reshaped_axis(value: Value, shape: tuple[int, ...]) -> Quant | None:
    """The scales of a constant along the axis that begins where theirs did and is as long; None where none is."""
    assert value.quant is not None and value.quant.axis is not None
    before, extent = math.prod(value.shape[: value.quant.axis]), value.shape[value.quant.axis]
    starts = [math.prod(shape[:i]) for i in range(len(shape))]
    found = [i for i, s in enumerate(starts) if s == before and shape[i] == extent]
    return replace(value.quant, axis=found[-1]) if found else None


def spread(value: Value, shape: Sequence[int]) -> Array:
    """The data of a constant, broadcast."""
    return np.broadcast_to(value.array, tuple(shape))
