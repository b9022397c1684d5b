"""Less RAM for more arithmetic: part of a network runs in stripes, as few and as cheap as a limit allows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

from aot.base.errors import AotError
from aot.graph.ir import Graph
from aot.kernels import Block, Target
from aot.kernels.call import Constant, Params
from aot.lower.alike import KnownSteps
from aot.lower.lowering import calls_of, lower, lower_in_order
from aot.passes.stripe_rows import Rows
from aot.passes.stripes import in_stripes, segments
from aot.plan import Overlap, Plan, Step, Views, find_views, plan
from aot.plan.bound import live_bytes
from aot.plan.lifetimes import problem_of

_STRIPES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
_REACH = 8  # operators before and behind the one that needs most
_MOST_COST = 3.0  # times the multiply-accumulates
_NEAR = 1.1  # times the limit: where the first placements are no larger, better ones are searched for ...
_MOST_SEARCHES = 8  # ... so often
_LAST = 4  # splits of each kind that are looked at where no other will do, if only to tell what is possible


def lower_within(graph: Graph, target: Target, max_ram: int) -> Block:
    """The calls for `graph`, or for it with some operators in stripes: those that cost least and need `max_ram` bytes.

    Raises AotError where none is found.
    """
    whole, by_depth = lower(graph, target), lower_in_order(_by_depth(graph), target)
    for block in (whole, by_depth):
        if block.plan.size <= max_ram:
            return block
    found, known = _candidates(by_depth), KnownSteps(target)
    smallest = min(whole.plan.size, by_depth.plan.size)
    for one, placed in _placed(found, known, max_ram):
        if placed.size <= max_ram:
            return _lowered(one, placed, target)
        smallest = min(smallest, placed.size)
    for one, placed in _smallest(_last(found), known, smallest):
        if placed.size <= max_ram:
            return _lowered(one, placed, target)
        smallest = placed.size
    raise AotError(
        f"no way was found to run {graph.name} in {max_ram:,} bytes of arena; {smallest:,} is the least that was",
        f"--max-ram {smallest}",
        "a model with a smaller input or fewer channels",
    )


def _placed(found: Sequence["_Candidate"], known: KnownSteps, max_ram: int) -> Iterator[tuple["_Candidate", Plan]]:
    """Those that may need no more than `max_ram`, cheapest first; of one where more stripes change nothing, no more."""
    sizes: dict[tuple[Rows, bool], int] = {}  # of the last split of the same operators
    stuck: set[tuple[Rows, bool]] = set()
    searches = 0
    for one in found:
        if one.least > max_ram or one.what in stuck:
            continue
        steps = known.of(one.graph, one.views)
        if _bound(one.graph, steps, one.views) > max_ram:
            continue
        placed = plan(one.graph, steps, one.views, quick=True)
        if placed.size == sizes.setdefault(one.what, 0):
            stuck.add(one.what)
        sizes[one.what] = placed.size
        if max_ram < placed.size <= _NEAR * max_ram and searches < _MOST_SEARCHES:
            placed = plan(one.graph, steps, one.views)
            searches += 1
        yield one, placed


def _last(found: Sequence["_Candidate"]) -> list["_Candidate"]:
    """Of those that begin with the same operator, the splits that might need least, whatever was left out before."""
    alike: dict[tuple[int, bool], list[_Candidate]] = {}
    for one in sorted(found, key=lambda one: one.least):
        (first, _), keep = one.what
        alike.setdefault((first, keep), []).append(one)
    return [one for group in alike.values() for one in group[:_LAST]]


def _smallest(found: Sequence["_Candidate"], known: KnownSteps, size: int) -> Iterator[tuple["_Candidate", Plan]]:
    """The first of those that need least, if it is less than `size`; what cannot be is not looked at."""
    best: list[tuple[_Candidate, Plan]] = []
    limit = size, -1  # a size, and the number of what has it
    for number, one in sorted(enumerate(found), key=lambda pair: pair[1].least):
        if (one.least, number) >= limit:
            continue
        steps = known.of(one.graph, one.views)
        if (_bound(one.graph, steps, one.views), number) >= limit:
            continue
        placed = plan(one.graph, steps, one.views, quick=True)
        if (placed.size, number) < limit:
            best, limit = [(one, placed)], (placed.size, number)
    yield from best


def _lowered(one: "_Candidate", placed: Plan, target: Target) -> Block:
    """What was found, with its calls; stripes of one layer have the same weights."""
    return _with_shared_constants(Block(one.graph, calls_of(one.graph, target), placed))


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one run."""
    return sum(op.macs(graph) for op in graph.ops)


def _by_depth(graph: Graph) -> Graph:
    """Operators in the order of their distance from the inputs, so that what reads the same stands together."""
    depth: dict[str, int] = {}
    for op in graph.ops:
        depth.update(dict.fromkeys(op.outputs, 1 + max((depth.get(name or "", 0) for name in op.inputs), default=0)))
    return replace(graph, ops=tuple(sorted(graph.ops, key=lambda op: depth[op.outputs[0]] if op.outputs else 0)))


@dataclass(frozen=True)
class _Candidate:
    """A split: of which operators, and whether rows are kept; no arena for it is smaller than `least`."""

    graph: Graph
    what: tuple[Rows, bool]
    views: Views
    macs: int
    least: int


def _candidates(whole: Block) -> list[_Candidate]:
    """Every split around the call that needs most that might do, the cheapest first."""
    graph = whole.graph
    if not whole.calls:
        return []
    live = live_bytes(whole.plan.problem).tolist()
    peak = max(range(len(whole.calls)), key=lambda t: live[t + 1])
    around = next(i for i, op in enumerate(graph.ops) if op.outputs == whole.calls[peak].outputs)
    found, most = [], _MOST_COST * macs(graph)
    for rows in segments(graph, around, _REACH):
        for stripes, keep in product(_STRIPES, (True, False)):
            split = in_stripes(graph, *rows, stripes, keep)
            if split is not None and (cost := macs(split)) <= most:
                views = find_views(split)
                found.append(_Candidate(split, (rows, keep), views, cost, _least(split, views)))
    return sorted(found, key=lambda one: (one.macs, len(one.graph.ops)))


def _least(graph: Graph, views: Views) -> int:
    """A bound of the arena that knows no kernel: no scratch, and outputs that may lie on their inputs as they like."""
    free = Overlap(below=math.inf)
    steps = [
        Step(tuple(str(name) for name in op.inputs), op.outputs, 0, dict.fromkeys(range(len(op.inputs)), free))
        for op in graph.ops
        if not views.cover(op)
    ]
    return _bound(graph, steps, views)


def _bound(graph: Graph, steps: list[Step], views: Views) -> int:
    return int(live_bytes(problem_of(graph, steps, views.of)).max(initial=0))


def _with_shared_constants(block: Block) -> Block:
    """Stripes of one layer have the same weights: all calls refer to those of the first."""
    known: dict[tuple[str, bytes], Constant] = {}
    calls = tuple(replace(call, params=_shared(call.params, known)) for call in block.calls)
    return replace(block, calls=calls)


def _shared(params: Params, known: dict[tuple[str, bytes], Constant]) -> Params:
    changes: dict[str, Constant | Params] = {}
    for each in fields(params):
        value = getattr(params, each.name)
        if isinstance(value, Constant):
            changes[each.name] = known.setdefault((value.c_type, value.data.tobytes()), value)
        elif isinstance(value, Params):
            changes[each.name] = _shared(value, known)
    return replace(params, **changes)
