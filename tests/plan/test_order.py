"""The order of calls: exact where a graph is small, never worse than the file's, the file's where nothing is gained."""

from collections.abc import Iterator, Sequence

import cases
from hypothesis import assume, given, settings
from plan_problems import problems
from topologies import add, connected, relu, reshape

from aot.graph.ir import Graph
from aot.plan import Step, best_order, find_views
from aot.plan.bound import live_bytes
from aot.plan.lifetimes import problem_of

_MOST_STEPS = 6


def _peak(graph: Graph, steps: Sequence[Step]) -> int:
    return int(live_bytes(problem_of(graph, steps, find_views(graph).of)).max(initial=0))


def _branches(*wide: str) -> Graph:
    """Two branches that begin wide and end narrow, run in turns."""
    ops = relu("x", "a"), relu("x", "b"), relu("a", "c"), relu("b", "d"), add("c", "d", "y")
    return connected("x", "y", *ops, **dict.fromkeys(wide, (1000,)))


def _steps(graph: Graph) -> list[Step]:
    return [Step(tuple(map(str, op.inputs)), op.outputs) for op in graph.ops if not find_views(graph).cover(op)]


def test_one_branch_after_the_other() -> None:
    graph = _branches("a", "b")
    steps = _steps(graph)
    order = best_order(graph, steps, {})
    assert order == [0, 2, 1, 3, 4]
    assert (_peak(graph, steps), _peak(graph, [steps[t] for t in order])) == (2 * 1000 + 24, 1000 + 24 + 24)


def test_the_order_of_the_file_where_nothing_is_gained() -> None:
    for graph in (_branches(), _branches("a"), connected("x", "b", relu("x", "a"), relu("a", "b"))):
        assert best_order(graph, _steps(graph), {}) is None


def test_views_live_in_what_they_show() -> None:
    """The wide tensors die only when their views do."""
    ops = relu("x", "a"), reshape("a", "v"), relu("x", "b"), reshape("b", "w"), relu("v", "c"), relu("w", "d")
    graph = connected("x", "y", *ops, add("c", "d", "y"), **dict.fromkeys("avbw", (1000,)))
    assert best_order(graph, _steps(graph), find_views(graph).of) == [0, 2, 1, 3, 4]


@settings(max_examples=cases.PLANS, deadline=None)
@given(problems())
def test_the_best_of_all_orders(problem: tuple[Graph, list[Step]]) -> None:
    graph, steps = problem
    order = best_order(graph, steps, find_views(graph).of)
    chosen = steps if order is None else [steps[t] for t in order]
    assert order is None or (sorted(order) == list(range(len(steps))) and _executable(graph, chosen))
    assume(not graph.state)  # whose memory may be taken over, in some orders
    assert (order is None) == (_peak(graph, chosen) == _peak(graph, steps))
    if len(steps) <= _MOST_STEPS:
        assert _peak(graph, chosen) == min(_peak(graph, other) for other in _orders(graph, steps, []))


def _executable(graph: Graph, steps: Sequence[Step]) -> bool:
    """Whether every call finds what it reads."""
    return all(set(step.inputs) <= _there(graph, steps[:t]) for t, step in enumerate(steps))


def _there(graph: Graph, steps: Sequence[Step]) -> set[str]:
    """The tensors that hold a value after some calls."""
    there = {*graph.given, *(name for name, t in graph.tensors.items() if t.constant)}
    there.update(name for step in steps for name in step.outputs)
    for op in graph.ops:
        if find_views(graph).cover(op) and there.issuperset(map(str, op.inputs)):
            there.update(op.outputs)
    return there


def _orders(graph: Graph, left: Sequence[Step], done: list[Step]) -> Iterator[list[Step]]:
    """Every order in which each call finds what it reads."""
    if not left:
        yield done
    there = _there(graph, done)
    for step in left:
        if there.issuperset(step.inputs):
            yield from _orders(graph, [other for other in left if other is not step], [*done, step])
