"""The memory plan: what it promises, for any graph; and that `check` sees what is wrong with a plan."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_problems import many, problems
from topologies import TOPOLOGIES, add, connected, relu, reshape, split

from aot.graph.ir import Graph, State
from aot.ops.reshape import Reshape
from aot.plan import ALIGNMENT, Buffer, Overlap, Plan, Problem, Step, find_views, place, plan, scratch_name
from aot.plan.exact import proved_bound, smallest
from aot.plan.heuristic import Blocks
from aot.plan.overlap import SAME_PLACE, overlap_of
from aot.plan.records import aligned


def _bytes_of(placed: Plan, graph: Graph, name: str) -> range:
    at = placed.offset_of(name)
    return range(at, at + graph[name].bytes)


def _overlap(a: range, b: range) -> bool:
    return a.start < b.stop and b.start < a.stop


@many
@given(problems())
def test_promises(problem: tuple[Graph, list[Step]]) -> None:
    graph, steps = problem
    placed = plan(graph, steps)
    placed.check()
    assert placed.size % ALIGNMENT == 0
    assert placed.size >= placed.lower_bound >= 0
    assert plan(graph, steps) == placed
    for name in (*graph.inputs, *graph.outputs, *(op.outputs[0] for op in graph.ops)):
        assert placed.offset_of(name) % (8 if graph[name].dtype == "int64" else ALIGNMENT) == 0
        assert _bytes_of(placed, graph, name).stop <= placed.size
    for step in steps:
        assert not step.scratch or placed.offset_of(scratch_name(step.outputs[0])) + step.scratch <= placed.size


class _Arena:
    """An arena whose bytes remember who wrote them."""

    def __init__(self, graph: Graph, placed: Plan) -> None:
        self.graph, self.placed = graph, placed
        self.owner: list[object] = [None] * placed.size
        self.root = {name: name for name in graph.tensors}  # whose memory a view is
        for op in graph.ops:
            if isinstance(op, Reshape):
                self.root[op.outputs[0]] = self.root[str(op.inputs[0])]

    def bytes_of(self, name: str) -> range:
        return _bytes_of(self.placed, self.graph, name)

    def write(self, name: str) -> None:
        for i, at in enumerate(self.bytes_of(name)):
            self.owner[at] = (name, i)

    def read(self, name: str) -> None:
        for i, at in enumerate(self.bytes_of(name)):
            assert self.owner[at] == (self.root[name], i), f"byte {i} of {name} was overwritten by {self.owner[at]}"

    def scribble(self, step: Step) -> None:
        """What a kernel does to its scratch, which must not be its output's memory."""
        start = self.placed.offset_of(scratch_name(step.outputs[0])) if step.scratch else 0
        scratch = range(start, start + step.scratch)
        assert not _overlap(scratch, self.bytes_of(step.outputs[0]))
        self.owner[scratch.start : scratch.stop] = ["scratch"] * step.scratch

    def remember(self, state: State) -> None:
        """What the end of a run does, unless the next state is where it must be."""
        source, target = self.bytes_of(state.next), self.bytes_of(state.current)
        self.owner[target.start : target.stop] = self.owner[source.start : source.stop]

    def check_sharing(self, step: Step) -> None:
        """A kernel may find its output on an input only if it said so, and at a distance that it can stand."""
        output = self.bytes_of(step.outputs[0])
        for j, name in enumerate(step.inputs):
            source = self.bytes_of(name)
            if _overlap(source, output):
                assert step.overlap(j, 0).allows(output.start - source.start)


@many
@given(problems())
def test_execution_reads_what_was_written(problem: tuple[Graph, list[Step]]) -> None:
    """The definition of a correct plan: play the calls."""
    graph, steps = problem
    arena = _Arena(graph, plan(graph, steps))
    for name in graph.given:
        arena.write(name)
    for step in steps:
        arena.scribble(step)
        for name in step.inputs:
            arena.read(name)
        arena.check_sharing(step)
        arena.write(step.outputs[0])
    for state in graph.state:
        arena.read(state.next)
        arena.remember(state)
    for name in graph.outputs:
        arena.read(name)
    for state in graph.state:
        held = arena.bytes_of(state.current)
        assert [arena.owner[at] for at in held] == [(arena.root[state.next], i) for i in range(len(held))]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_tensor_has_one_home(name: str) -> None:
    graph = TOPOLOGIES[name]
    views = find_views(graph)
    steps = [Step(tuple(map(str, op.inputs)), op.outputs) for op in graph.ops if not views.cover(op)]
    counts = Counter(buffer.name for buffer in plan(graph, steps, views).buffers)
    assert set(counts.values()) <= {1}


def test_input_read_later_is_not_overwritten() -> None:
    graph = connected("x", "y z", relu("x", "y"), relu("x", "z"))
    first, second = (Step(("x",), (name,), overlaps={0: Overlap(below=0)}) for name in "yz")
    placed = plan(graph, [first, second])
    assert placed.offset_of("y") != placed.offset_of("x") == placed.offset_of("z")
    assert placed.size == 48


def test_a_chain_that_moves_down() -> None:
    """Each output may begin 4 bytes below its input, and no higher: together they need little more than one."""
    graph = connected("x", "d", relu("x", "a"), relu("a", "b"), relu("b", "c"), relu("c", "d"))
    steps = [Step((x,), (y,), overlaps={0: Overlap(below=-4)}) for x, y in ("xa", "ab", "bc", "cd")]
    placed = plan(graph, steps)
    assert (placed.lower_bound, placed.size, placed.optimal) == (24 + 4, 24 + 4 * 4, True)


def test_view_is_its_source() -> None:
    graph = connected("x", "v", relu("x", "a"), reshape("a", "v"), v=(24,))
    placed = plan(graph, [Step(("x",), ("a",))])
    assert placed.offset_of("v") == placed.offset_of("a")
    assert placed.size == 48


def test_scratch_lives_for_one_call() -> None:
    graph = connected("x", "b", relu("x", "a"), relu("a", "b"))
    placed = plan(graph, [Step(("x",), ("a",), 1000), Step(("a",), ("b",), 1000)])
    assert placed.offset_of(scratch_name("a")) == placed.offset_of(scratch_name("b"))
    assert placed.size == placed.lower_bound == 1048


@pytest.mark.parametrize(
    ("overlap", "shared"),
    [(Overlap(above=0), False), (Overlap(below=-8), True), (Overlap(below=-16), False), (SAME_PLACE, False)],
)
def test_a_state_is_overwritten_where_its_piece_allows(overlap: Overlap, shared: bool) -> None:
    """The next value lies 12 bytes ahead of the piece that the call reads, if it lies over the old one."""
    graph = connected(
        "x", "y", split("s", "a", "b"), add("b", "x", "n"), relu("n", "y"), states="s:n", a=(12,), b=(12,)
    )
    steps = [Step(("b", "x"), ("n",), overlaps={0: overlap}), Step(("n",), ("y",), in_place=(0,))]
    placed = plan(graph, steps)
    assert (placed.offset_of("n") == placed.offset_of("s")) is shared


def test_unknown_name() -> None:
    with pytest.raises(KeyError):
        plan(connected("x", "x"), []).offset_of("nobody")


_SOUND = Plan(
    Problem(
        (
            Buffer("a", 8, 0, 1),
            Buffer("b", 5, 1, 2),
            Buffer("c", 8, 2, 3),
            Buffer("d", 8, 0, 3, alignment=8),
            Buffer("v", 4, 1, 3, root="d", shift=4),
        ),
        {("b", "c"): Overlap(below=-4), ("a", "d"): Overlap(above=0)},
    ),
    (0, 8, 0, 16, 20), 24, 24,
)  # fmt: skip


@pytest.mark.parametrize(
    ("offsets", "size", "complaint"),
    [
        ((0, 4, 0, 16, 20), 24, "b and a overlap"),
        ((0, 8, 8, 16, 20), 24, "c and b overlap"),
        ((0, 8, 0, 8, 12), 24, "d and b overlap"),
        ((0, 9, 0, 16, 20), 24, "b is misplaced"),
        ((0, 8, 0, 20, 24), 28, "d is misplaced"),
        ((0, 8, 0, 16, 20), 20, "d is misplaced"),
        ((-4, 8, 0, 16, 20), 24, "a is misplaced"),
        ((0, 8, 0, 16, 16), 24, "v is not where it lies in d"),
        ((16, 8, 0, 16, 20), 24, "d and a overlap"),  # not born where the other dies
    ],
)
def test_check_finds(offsets: tuple[int, ...], size: int, complaint: str) -> None:
    _SOUND.check()
    replace(_SOUND, offsets=(0, 8, 4, 16, 20)).check()  # as far over b as it may lie
    with pytest.raises(AssertionError, match=complaint):
        replace(_SOUND, offsets=offsets, size=size).check()


def test_check_finds_a_next_state_too_near_to_a_piece_of_the_old_one() -> None:
    old, piece, new = Buffer("s", 8, 0, 2), Buffer("v", 4, 0, 1, root="s", shift=4), Buffer("n", 8, 1, 2, root="s")
    near = Problem((old, piece, new), {("v", "n"): Overlap(below=-4)})
    Plan(near, (0, 4, 0), 8, 8).check()
    with pytest.raises(AssertionError, match="n and v overlap"):
        Plan(replace(near, shared={("v", "n"): Overlap(above=0)}), (0, 4, 0), 8, 8).check()


@many
@given(problems(), st.data())
def test_check_finds_any_overlap(problem: tuple[Graph, list[Step]], data: st.DataObject) -> None:
    """Move one block of buffers anywhere: `check` complains exactly when that breaks the plan."""
    placed = plan(*problem)
    chosen = data.draw(st.sampled_from(sorted({b.block for b in placed.buffers})))
    distance = data.draw(st.integers(-placed.size - 8, placed.size + 8))
    moved = [at + distance * (b.block == chosen) for b, at in zip(placed.buffers, placed.offsets, strict=True)]
    bad = False
    for a, at in zip(placed.buffers, moved, strict=True):
        bad |= at % a.alignment != 0 or at < 0 or at + a.size > placed.size
        for b, other in zip(placed.buffers, moved, strict=True):
            alive = any(a.first <= t <= a.last for t in range(b.first, b.last + 1))
            meet = _overlap(range(at, at + a.size), range(other, other + b.size))
            if alive and meet and a.block != b.block:
                bad |= not (_may(placed, a, b, other - at) or _may(placed, b, a, at - other))
    broken = replace(placed, offsets=tuple(moved))
    if bad:
        with pytest.raises(AssertionError):
            broken.check()
    else:
        broken.check()


def _may(placed: Plan, source: Buffer, output: Buffer, distance: int) -> bool:
    overlap = placed.problem.shared.get((source.name, output.name))
    return overlap is not None and source.last == output.first and overlap.allows(distance)


@st.composite
def _small_problems(draw: st.DrawFn) -> Problem:
    """A few buffers of a few words, views and overlaps among them."""
    buffers: list[Buffer] = []
    for i in range(draw(st.integers(2, 5))):
        first = draw(st.integers(0, 3))
        size, last = draw(st.integers(1, 16)), first + draw(st.integers(0, 2))
        root = draw(st.sampled_from(["", "", "", *(b.name for b in buffers if not b.root)]))
        shift = 4 * draw(st.integers(0, 3)) if root else 0
        buffers.append(
            Buffer(f"b{i}", size, first, last, draw(st.sampled_from([4, 4, 8])) if not root else 4, root, shift)
        )
    pairs = [(a, b) for a in buffers for b in buffers if a.last == b.first and a.block != b.block and a.first < b.last]
    return Problem(tuple(buffers), {(a.name, b.name): draw(_few_words) for a, b in pairs if draw(st.booleans())})


_few_words = st.builds(
    Overlap,
    st.sampled_from([-math.inf, -8, 0, 3]),
    st.sampled_from([math.inf, 6, 0, -4]),
    st.sampled_from([1, 1, 3, 8]),
)


def _brute_force(problem: Problem) -> int:
    """The size of the smallest arena, by trying every placement in it, from the smallest arena on."""
    blocks = sorted({b.block for b in problem.buffers})
    return next(size for size in range(0, 1000, 4) if _fits(problem, blocks, {}, size))


def _fits(problem: Problem, blocks: list[str], at: dict[str, int], size: int) -> bool:
    """Whether the blocks that are not `at` a place yet fit, too."""
    placed = tuple(b for b in problem.buffers if b.block in at)
    try:
        Plan(Problem(placed, problem.shared), tuple(at[b.block] + b.shift for b in placed), size, 0).check()
    except AssertionError:
        return False
    missing = [block for block in blocks if block not in at]
    return not missing or any(_fits(problem, blocks, at | {missing[0]: x}, size) for x in range(0, size, 4))


@many
@given(_small_problems())
def test_what_is_proved_optimal_is(problem: Problem) -> None:
    """Small ones are always decided, from the worst placement on, too; no bound is above what can be."""
    least, blocks = _brute_force(problem), Blocks(problem)
    stacked = np.cumsum([0, *(aligned(size, 8) for size in blocks.sizes)]).tolist()
    at, proved = smallest(blocks, stacked[:-1], 0)
    assert proved and aligned(blocks.top(at)) == least
    assert proved_bound(blocks, 0, stacked[-1]) <= least
    placed = place(problem)
    assert placed.optimal and placed.size == least >= placed.lower_bound


def _wrong(reads: list[range], writes: list[range], distance: int) -> bool:
    """Whether a byte that is written is read later, by the definition."""
    return any(
        _overlap(range(w.start + distance, w.stop + distance), r)
        for i, w in enumerate(writes)
        for r in reads[i + 1 :]
        if w and r
    )


_ranges = st.builds(lambda start, size: range(start, start + size), st.integers(0, 30), st.integers(0, 6))


@many
@given(st.lists(st.tuples(_ranges, _ranges), min_size=1, max_size=8))
def test_overlap_is_as_far_as_can_be(steps: list[tuple[range, range]]) -> None:
    """Any distance it allows is right; the next one that it does not, is wrong."""
    reads, writes = ([pair[i] for pair in steps] for i in (0, 1))
    overlap = overlap_of(*(np.array([(r.start, r.stop) for r in part]) for part in (reads, writes)))
    for distance in range(-50, 50):
        assert not overlap.allows(distance) or not _wrong(reads, writes, distance)
    for limit, beyond in ((overlap.below, 1), (overlap.above, -1)):
        if not math.isinf(limit):
            assert overlap.allows(int(limit) + beyond) or _wrong(reads, writes, int(limit) + beyond)
