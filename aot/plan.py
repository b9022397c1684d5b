"""Every byte of RAM, decided here: which tensors share memory, and where in the arena each buffer lies.

Time is counted in calls: a buffer lives from the call that writes it first to the call that reads it last. Inputs live
from before the first call, outputs until after the last. What a model remembers from run to run lives always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aot.ir import Graph
from aot.ops.reshape import Reshape

ALIGNMENT = 4  # of every buffer, at least: kernels may read whole words


@dataclass(frozen=True)
class Step:
    """What the planner must know of a kernel's call.

    The tensors it reads and writes, its bytes of scratch, the inputs whose memory its first output may take over, and
    pairs of (input, output) for outputs that may take over another one's.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scratch: int = 0
    in_place: tuple[int, ...] = ()
    updates: tuple[tuple[int, int], ...] = ()
    scratch_alignment: int = ALIGNMENT

    @property
    def take_overs(self) -> tuple[tuple[int, int], ...]:
        """Every pair of an input and an output that may share memory, address for address."""
        return (*((index, 0) for index in self.in_place), *self.updates)


@dataclass(frozen=True)
class Buffer:
    """Bytes that must stay untouched from call `first` to call `last`, both included; the tensors that live there.

    One that is `kept` must stay untouched between runs, too: nothing else may ever lie there.
    """

    name: str
    size: int
    first: int
    last: int
    tensors: tuple[str, ...] = ()
    alignment: int = ALIGNMENT
    kept: bool = False


@dataclass(frozen=True)
class Plan:
    """One offset for each buffer; `size` is the arena's, in bytes; `lower_bound` is the most that lives at once."""

    buffers: tuple[Buffer, ...]
    offsets: tuple[int, ...]
    size: int
    lower_bound: int

    def offset_of(self, name: str) -> int:
        """Where a tensor, or the scratch called `scratch_name(...)`, begins in the arena."""
        for buffer, offset in zip(self.buffers, self.offsets, strict=True):
            if name == buffer.name or name in buffer.tensors:
                return offset
        raise KeyError(name)

    def check(self) -> None:
        """No two buffers that live at once may overlap, and all must be aligned and inside. Knows no planner."""
        placed = list(zip(self.buffers, self.offsets, strict=True))
        for i, (a, at_a) in enumerate(placed):
            assert at_a % a.alignment == 0 and at_a >= 0 and at_a + a.size <= self.size, f"{a.name} is misplaced"
            for b, at_b in placed[:i]:
                together = (a.first <= b.last and b.first <= a.last) or a.kept or b.kept
                apart = at_a + a.size <= at_b or at_b + b.size <= at_a
                assert apart or not together, f"{a.name} and {b.name} overlap"


def scratch_name(output: str) -> str:
    """What the plan calls the scratch memory of the call that writes `output`."""
    return f"scratch of {output}"


def plan(graph: Graph, steps: Sequence[Step]) -> Plan:
    """Place every tensor and scratch buffer of `graph`, run by `steps` in this order, in one arena."""
    buffers = _buffers(graph, steps)
    orders = (
        sorted(buffers, key=lambda b: (-b.size, b.first)),
        sorted(buffers, key=lambda b: (-(b.last - b.first), -b.size)),
        sorted(buffers, key=lambda b: (b.first, -b.size)),
    )
    placements = [_first_fit(order) for order in orders]
    offsets = min(placements, key=lambda placed: max((b.size + placed[b.name] for b in buffers), default=0))
    size = max((b.size + offsets[b.name] for b in buffers), default=0)
    result = Plan(
        tuple(buffers), tuple(offsets[b.name] for b in buffers), _aligned(size), _lower_bound(buffers, len(steps))
    )
    result.check()
    return result


def _aligned(size: int, alignment: int = ALIGNMENT) -> int:
    return -(-size // alignment) * alignment


def _first_fit(order: Sequence[Buffer]) -> dict[str, int]:
    """Each buffer in turn at the lowest offset where nothing that lives with it is in the way."""
    offsets: dict[str, int] = {}
    placed: list[Buffer] = []
    for buffer in order:
        rivals = [b for b in placed if b.first <= buffer.last and buffer.first <= b.last]
        at = 0
        for rival in sorted(rivals, key=lambda b: offsets[b.name]):
            if at + buffer.size <= offsets[rival.name]:
                break
            at = max(at, _aligned(offsets[rival.name] + rival.size, buffer.alignment))
        offsets[buffer.name] = at
        placed.append(buffer)
    return offsets


def _lower_bound(buffers: Sequence[Buffer], end: int) -> int:
    """No plan of these buffers can be smaller than what lives at one time, each rounded up to the alignment."""
    live = (sum(_aligned(b.size) for b in buffers if b.first <= t <= b.last) for t in range(-1, end + 1))
    return max(live, default=0)


def _buffers(graph: Graph, steps: Sequence[Step]) -> list[Buffer]:
    homes = _homes(graph, steps)
    first, last = _lifetimes(graph, steps)
    kept = {state.current for state in graph.state}
    for name in kept:
        last[name] = len(steps)
    groups: dict[str, list[str]] = {}
    for name, home in homes.items():
        groups.setdefault(home, []).append(name)
    tensors = [
        Buffer(
            home,
            max(graph[name].bytes for name in names),
            min(first[name] for name in names),
            max(last[name] for name in names),
            tuple(names),
            max(ALIGNMENT, *(np.dtype(graph[name].dtype).itemsize for name in names)),
            home in kept,
        )
        for home, names in groups.items()
    ]
    scratch = [
        Buffer(scratch_name(step.outputs[0]), step.scratch, t, t, alignment=step.scratch_alignment)
        for t, step in enumerate(steps)
        if step.scratch
    ]
    return tensors + scratch


def _views(graph: Graph) -> dict[str, str]:
    """For each output of a reshape, the tensor whose memory it is."""
    views: dict[str, str] = {}
    for op in graph.ops:
        if isinstance(op, Reshape):
            (source,), (name,) = op.inputs, op.outputs
            assert source is not None
            views[name] = views.get(source, source)
    return views


def _lifetimes(graph: Graph, steps: Sequence[Step]) -> tuple[dict[str, int], dict[str, int]]:
    """The first and the last call that every tensor in RAM must outlive, views included in their source's.

    Of a current state, the last is the last that reads it: there, or later, the next one may take its place.
    """
    views = _views(graph)
    first = dict.fromkeys(graph.given, -1)
    last = dict(first)
    for t, step in enumerate(steps):
        for name in step.outputs:
            first[name] = last[name] = t
        for name in step.inputs:
            last[views.get(name, name)] = t
    for name in graph.wanted:
        last[views.get(name, name)] = len(steps)
    for name, source in views.items():
        if source in first:
            first[name], last[name] = first[source], last[source]
    return first, last


def _homes(graph: Graph, steps: Sequence[Step]) -> dict[str, str]:
    """The tensor that names each tensor's buffer.

    It is its own, its view's source, the input it overwrites in place, or the state that it is the next value of.
    """
    views = _views(graph)
    _, last = _lifetimes(graph, steps)
    homes = {name: name for name in graph.given if not graph[name].constant}
    current = {views.get(state.next, state.next): state.current for state in reversed(graph.state)}
    kept = set(current.values())
    for t, step in enumerate(steps):
        homes.update({name: name for name in step.outputs})
        taken: set[str] = set()
        for index, output in step.take_overs:
            source, name = step.inputs[index], step.outputs[output]
            root = views.get(source, source)
            if root in homes and root not in kept | taken and last[root] == t and homes[name] == name:
                homes[name] = homes[root]
                taken.add(root)
        for output, name in enumerate(step.outputs):
            if name in current and _may_replace(current[name], last, views, t, step, output):
                homes[name] = current[name]
    for name, source in views.items():
        if source in homes:
            homes[name] = homes[source]
    return homes


def _may_replace(
    state: str, last: Mapping[str, int], views: Mapping[str, str], t: int, step: Step, output: int
) -> bool:
    """Whether call `t` may write `output` over the current `state`: nobody else needs it any more."""
    readers = {index for index, name in enumerate(step.inputs) if views.get(name, name) == state}
    return last[state] <= t and all((index, output) in step.take_overs for index in readers)
