"""Less RAM for more arithmetic: part of a network runs in stripes, as few and as cheap as a limit allows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain, product

from aot.base.errors import AotError
from aot.graph.ir import Graph
from aot.kernels import Block, Target
from aot.kernels.call import Constant, Params
from aot.lower.lowering import calls_of, lower, lower_in_order, steps_of
from aot.passes.stripe_rows import Rows
from aot.passes.stripes import in_stripes, segments
from aot.plan import Overlap, Step, find_views, plan
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
    smallest = min(whole.plan.size, by_depth.plan.size)
    found = _candidates(by_depth)
    for block in chain(_placed(found, target, max_ram), _last(found, target)):
        if block.plan.size <= max_ram:
            return _with_shared_constants(block)
        smallest = min(smallest, block.plan.size)
    raise AotError(
        f"no way was found to run {graph.name} in {max_ram:,} bytes of arena; {smallest:,} is the least that was",
        f"--max-ram {smallest}",
        "a model with a smaller input or fewer channels",
    )


def _placed(found: Sequence["_Candidate"], target: Target, max_ram: int) -> Iterator[Block]:
    """Those that may need no more than `max_ram`, cheapest first; of one where more stripes change nothing, no more."""
    sizes: dict[tuple[Rows, bool], int] = {}  # of the last split of the same operators
    stuck: set[tuple[Rows, bool]] = set()
    searches = 0
    for one in found:
        if one.least > max_ram or one.what in stuck:
            continue
        calls = calls_of(one.graph, target)
        if _bound(one.graph, steps_of(calls)) > max_ram:
            continue
        placed = plan(one.graph, steps_of(calls), quick=True)
        if placed.size == sizes.setdefault(one.what, 0):
            stuck.add(one.what)
        sizes[one.what] = placed.size
        if max_ram < placed.size <= _NEAR * max_ram and searches < _MOST_SEARCHES:
            placed = plan(one.graph, steps_of(calls))
            searches += 1
        yield Block(one.graph, calls, placed)


def _last(found: Sequence["_Candidate"], target: Target) -> Iterator[Block]:
    """Of those that begin with the same operator, the splits that might need least, whatever was left out before; the
    smallest first.
    """
    alike: dict[tuple[int, bool], list[_Candidate]] = {}
    for one in sorted(found, key=lambda one: one.least):
        (first, _), keep = one.what
        alike.setdefault((first, keep), []).append(one)
    blocks = []
    for one in (one for group in alike.values() for one in group[:_LAST]):
        calls = calls_of(one.graph, target)
        blocks.append(Block(one.graph, calls, plan(one.graph, steps_of(calls), quick=True)))
    yield from sorted(blocks, key=lambda block: block.plan.size)


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
    least: int


def _candidates(whole: Block) -> list[_Candidate]:
    """Every split around the call that needs most that might do, the cheapest first."""
    graph = whole.graph
    if not whole.calls:
        return []
    live = live_bytes(whole.plan.problem).tolist()
    peak = max(range(len(whole.calls)), key=lambda t: live[t + 1])
    around = next(i for i, op in enumerate(graph.ops) if op.outputs == whole.calls[peak].outputs)
    found = []
    for rows in segments(graph, around, _REACH):
        for stripes, keep in product(_STRIPES, (True, False)):
            split = in_stripes(graph, *rows, stripes, keep)
            if split is not None and macs(split) <= _MOST_COST * macs(graph):
                found.append(_Candidate(split, (rows, keep), _least(split)))
    return sorted(found, key=lambda one: (macs(one.graph), len(one.graph.ops)))


def _least(graph: Graph) -> int:
    """A bound of the arena that knows no kernel: no scratch, and outputs that may lie on their inputs as they like."""
    views = find_views(graph)
    free = Overlap(below=math.inf)
    steps = [
        Step(tuple(str(name) for name in op.inputs), op.outputs, 0, dict.fromkeys(range(len(op.inputs)), free))
        for op in graph.ops
        if not views.cover(op)
    ]
    return _bound(graph, steps)


def _bound(graph: Graph, steps: list[Step]) -> int:
    return int(live_bytes(problem_of(graph, steps, find_views(graph).of)).max(initial=0))


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
