"""How far an output may lie over an input: each kernel is right at its tightest, and one byte further it is not."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cases
import emulated
import merge
import native
import numpy as np
import planar
import pytest

from aot.compile.printing import with_plan
from aot.compile.records import Compiled
from aot.kernels import Target
from aot.lower.lowering import calls_of
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks
from aot.passes import run_passes
from aot.plan import Buffer, Plan, Problem, scratch_name
from aot.plan.records import aligned
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

_EXTRA = 64  # bytes between buffers that are to be apart
_GROUP = 60  # cases in one firmware
_PER_KERNEL, _PER_LAYOUT = 6, 2
_DRAWS = 5  # of cases, until every kernel has been seen to be wrong
_Way = tuple[str, planar.Layout]  # a kernel, and how its tensors lie


@dataclass(frozen=True)
class _Limit:
    """A case whose output lies as far over one of its inputs as its kernel allows, or just too far."""

    case: merge.Case
    layout: planar.Layout
    kernel: str
    operand: int
    distance: int


def _limits(case: merge.Case, layout: planar.Layout, board: str, beyond: bool) -> Iterator[_Limit]:
    """Both limits of every input, where output and input do overlap there."""
    target = Target(frozenset(load_board(board).core.features), "double")
    with planar.forced([layout]):
        graph = run_passes(merge.merged([case])[0])
        calls = calls_of(graph, target)
    for call in calls if len(calls) == 1 else ():
        y = graph[call.outputs[0]]
        for operand, overlap in call.overlaps.items():
            x = graph[call.inputs[operand]]
            width = max(np.dtype(t.dtype).itemsize for t in (x, y))
            step = math.lcm(overlap.step, width)
            for limit, rounded, further in ((overlap.below, math.floor, 1), (overlap.above, math.ceil, -1)):
                clipped = min(max(limit, -y.bytes), x.bytes)
                distance = rounded(clipped / step) * step + (further * width if beyond else 0)
                if -y.bytes < distance < x.bytes and not x.constant and overlap.allows(distance) != beyond:
                    yield _Limit(case, layout, call.kernel.name, operand, distance)


def _placed(model: Compiled, limits: list[_Limit]) -> Compiled:
    """`model`, of the cases of `limits` merged, with every output where its limit says."""
    buffers: list[Buffer] = []
    offsets: list[int] = []
    top = 0

    def put(name: str, size: int, offset: int) -> None:
        buffers.append(Buffer(name, size, 0, 0))
        offsets.append(offset)

    for call in model.calls:
        y, limit = model.graph[call.outputs[0]], limits[merge.index_of(call.outputs[0])]
        source = call.inputs[limit.operand]
        put(scratch_name(y.name), call.scratch, top)  # nothing between: who writes beyond it writes on the others
        at = aligned(top + call.scratch + max(0, -limit.distance), 8)
        put(source, model.graph[source].bytes, at)
        put(y.name, y.bytes, at + limit.distance)
        top = aligned(max(at + model.graph[source].bytes, at + limit.distance + y.bytes), 8) + _EXTRA
        others = (name for name in (*call.inputs, *call.outputs[1:]) if name != source)
        for name in others:
            put(name, model.graph[name].bytes, top)
            top = aligned(top + model.graph[name].bytes, 8) + _EXTRA
    plan = Plan(Problem(tuple(buffers), {}), tuple(offsets), top + -top % 8, 0)
    return with_plan(model, plan)


def _wrong(limits: list[_Limit], board: str, folder: Path) -> list[_Limit]:
    """Those of `limits` whose answer differs from the interpreter's."""
    wrong = []
    for first in range(0, len(limits), _GROUP):
        group = limits[first : first + _GROUP]
        graph, sample = merge.merged([limit.case for limit in group])
        with planar.forced([limit.layout for limit in group]):
            model = _placed(native.compiled(graph, board=board), group)
        sample = {name: planar.to_planes(v) if name in model.planes else v for name, v in sample.items()}
        target = folder / str(first)
        target.mkdir(parents=True)
        if board == "host":
            (answer,) = native.run(native.program(model, target, "-O3"), graph, [sample])
        else:
            (answer,) = emulated.run(model, target, [sample])
        answer = {name: planar.to_pixels(v) if name in model.planes else v for name, v in answer.items()}
        wrong += [limit for i, limit in enumerate(group) if not _right(limit.case, answer, i)]
    return wrong


def _right(case: merge.Case, answer: merge.Sample, index: int) -> bool:
    graph, sample = case
    values = interpreter.run(graph, sample, "double")
    return not any(
        np.count_nonzero(compare(values[name], answer[merge.prefixed(index, name)], slacks(graph)[name]).wrong)
        for name in graph.outputs
    )


def _all_limits(board: str, beyond: bool, draw: int = 0) -> dict[_Way, list[_Limit]]:
    """Of the kernels that only this board has; of all others on the host."""
    special = next((one for one in ("mve", "dsp", "rvv") if one in load_board(board).core.features), "")
    some = cases.many(draw)
    some = [case for case in some if not special or case[0].ops[0].kind in cases.SEVERAL_KERNELS]
    limits: dict[_Way, list[_Limit]] = {}
    planes = board if special == "dsp" else None
    ways = [(case, layout) for i, case in enumerate(some) for layout in _layouts(case, i, planes)]
    for limit in (limit for case, layout in ways for limit in _limits(case, layout, board, beyond)):
        if special in limit.kernel:
            limits.setdefault((limit.kernel, limit.layout), []).append(limit)
    assert limits
    return limits


def _some(limits: dict[_Way, list[_Limit]]) -> list[_Limit]:
    """A few of each way."""
    return [
        limit
        for way, found in limits.items()
        for limit in found[: (_PER_LAYOUT if way[1] else _PER_KERNEL) * cases.TIMES]
    ]


def _layouts(case: merge.Case, number: int, board: str | None) -> Iterator[planar.Layout]:
    """The usual one, and one of the others that a kernel knows."""
    yield ()
    if board and (found := planar.fitting(case[0], board)):
        yield found[number % len(found)]


@pytest.mark.slow
@pytest.mark.parametrize("board", ["host", "mps2-an386", "mps3-an547", "riscv-virt-v"])
def test_right_at_the_tightest(board: str, tmp_path: Path) -> None:
    wrong = _wrong(_some(_all_limits(board, False)), board, tmp_path)
    assert not wrong, "\n".join(f"{w.kernel} {w.layout} at {w.distance}\n{w.case[0]}" for w in wrong[:5])


@pytest.mark.slow
@pytest.mark.parametrize("board", ["host", "mps2-an386", "mps3-an547"])
def test_wrong_one_byte_tighter(board: str, tmp_path: Path) -> None:
    """Not for each case, because a byte that is overwritten may not matter; but for some case of each kernel."""
    unseen = {*_all_limits(board, True)}
    for draw in range(_DRAWS):
        limits = {way: found for way, found in _all_limits(board, True, draw).items() if way in unseen}
        unseen -= {(limit.kernel, limit.layout) for limit in _wrong(_some(limits), board, tmp_path / str(draw))}
        if not unseen:
            return
    raise AssertionError(sorted(unseen))
