"""What goes into the planner, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from aot.plan.overlap import SAME_PLACE, Overlap

ALIGNMENT = 4  # of every buffer, at least: kernels may read whole words


@dataclass(frozen=True)
class Step:
    """What the planner must know of a kernel's call.

    The tensors it reads and writes, its bytes of scratch, how its first output may overlap inputs, by index, the inputs
    whose memory it may take over, and pairs of (input, output) for outputs that may take over another one's.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scratch: int = 0
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    in_place: tuple[int, ...] = ()
    updates: tuple[tuple[int, int], ...] = ()
    scratch_alignment: int = ALIGNMENT

    def overlap(self, index: int, output: int) -> Overlap:
        """How an output may overlap an input."""
        if (output == 0 and index in self.in_place) or (index, output) in self.updates:
            return SAME_PLACE
        return self.overlaps.get(index, Overlap()) if output == 0 else Overlap()

    def overlap_with(self, name: str, output: int) -> Overlap:
        """How an output may overlap a tensor, which may be more than one input."""
        return reduce(Overlap.both, (self.overlap(i, output) for i, other in enumerate(self.inputs) if other == name))


@dataclass(frozen=True)
class Buffer:
    """Bytes that must stay untouched from call `first` to call `last`, both included.

    A view lies `shift` bytes behind the beginning of the buffer called `root`; others are their own root.
    """

    name: str
    size: int
    first: int
    last: int
    alignment: int = ALIGNMENT
    root: str = ""
    shift: int = 0

    @property
    def block(self) -> str:
        """The buffer that this one moves with."""
        return self.root or self.name


Shared = Mapping[tuple[str, str], Overlap]


@dataclass(frozen=True)
class Problem:
    """Buffers to place; `shared` says how an output may overlap an input that dies where the output is born.

    Its keys are (input, output).
    """

    buffers: tuple[Buffer, ...]
    shared: Shared


@dataclass(frozen=True)
class Plan:
    """One offset for each buffer; `size` is the arena's, in bytes.

    No plan can be smaller than `lower_bound`, the most bytes that live at once; `optimal` says that it is proved that
    none of these buffers is smaller than this one. `pool` names the memory that the arena lies in. `spilled` are the
    plans of what lies in slower ones: each buffer is in one of them or here.
    """

    problem: Problem
    offsets: tuple[int, ...]
    size: int
    lower_bound: int
    optimal: bool = False
    pool: str = ""
    spilled: tuple["Plan", ...] = ()

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        return self.problem.buffers

    @property
    def arenas(self) -> tuple["Plan", ...]:
        """The plan of each memory, the fastest first."""
        return self, *self.spilled

    @property
    def total(self) -> int:
        """Bytes of all arenas."""
        return sum(plan.size for plan in self.arenas)

    def size_in(self, pool: str) -> int:
        """Bytes of the arena in the memory called `pool`; 0 where none is there."""
        return sum(plan.size for plan in self.arenas if plan.pool == pool)

    def offset_of(self, name: str) -> int:
        """Where a tensor, or the scratch called `scratch_name(...)`, begins in its arena."""
        return self.place_of(name)[1]

    def place_of(self, name: str) -> tuple[str, int]:
        """The pool of the same, and where it begins there."""
        for plan in self.arenas:
            for buffer, offset in zip(plan.buffers, plan.offsets, strict=True):
                if name == buffer.name:
                    return plan.pool, offset
        raise KeyError(name)

    def check(self) -> None:
        """Every buffer is aligned and inside, views lie in their roots, and nothing overlaps but where it may.

        Compares each buffer with each other one, and knows no planner. Each arena is checked by itself.
        """
        pools = [plan.pool for plan in self.arenas]
        names = [buffer.name for plan in self.arenas for buffer in plan.buffers]
        assert len(set(pools)) == len(pools) and len(set(names)) == len(names), "something lies in two memories"
        for plan in self.spilled:
            plan.check()
        at = dict(zip((b.name for b in self.buffers), self.offsets, strict=True))
        start = np.array(self.offsets, np.int64)
        end = start + np.array([b.size for b in self.buffers], np.int64)
        first, last = (np.array([getattr(b, field) for b in self.buffers]) for field in ("first", "last"))
        for i, a in enumerate(self.buffers):
            assert start[i] % a.alignment == 0 and start[i] >= 0 and end[i] <= self.size, f"{a.name} is misplaced"
            assert start[i] == at[a.block] + a.shift, f"{a.name} is not where it lies in {a.block}"
            together = (first[:i] <= a.last) & (last[:i] >= a.first)
            for j in np.flatnonzero(together & (start[:i] < end[i]) & (end[:i] > start[i])):
                b = self.buffers[j]
                may = self._may_overlap(a, b, at) or self._may_overlap(b, a, at)
                assert may, f"{a.name} and {b.name} overlap"

    def _may_overlap(self, source: Buffer, output: Buffer, at: Mapping[str, int]) -> bool:
        """Whether `output`, written where `source` is read for the last time, may lie over it as it does.

        In one block, too: a state's next value lies over the old one. All else there is a view, and lies where it must.
        """
        overlap = self.problem.shared.get((source.name, output.name))
        if overlap is None:
            return source.block == output.block and (output.name, source.name) not in self.problem.shared
        return source.last == output.first and overlap.allows(at[output.name] - at[source.name])


def aligned(size: int, alignment: int = ALIGNMENT) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


def scratch_name(output: str) -> str:
    """What the plan calls the scratch memory of the call that writes `output`."""
    return f"scratch of {output}"
