"""Kernels for cores with MVE: each in every rounding, on a board and in C, also where others are cheaper."""

from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path
from unittest.mock import patch

import cases
import emulated
import merge
import native
import numpy as np
import pytest

from aot.compile.records import Compiled
from aot.graph.fixedpoint import ROUNDINGS
from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, AnyKernel, Call, Target, candidates
from aot.lower import lowering
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks
from aot.passes import run_passes
from aot.targets import load_board

pytestmark = pytest.mark.usefixtures("quick_plans")

BOARD = "mps3-an547"
VECTORS = tuple(kernel for kernel in KERNELS if "mve" in kernel.features)
_OF_EACH = 5 * cases.TIMES  # cases of a kernel and an operator
_SEEDS = 6 * cases.TIMES  # of each builder, in turn, of which that many are taken
_HERE = ROUNDINGS if cases.TIMES > 1 else ("double", "float")

Forced = tuple[merge.Case, AnyKernel]


def _target(rounding: str) -> Target:
    return Target(frozenset(load_board(BOARD).core.features), rounding)


def _fits(graph: Graph, kernel: AnyKernel, rounding: str) -> bool:
    lean = run_passes(graph)
    if len(lean.ops) != 1 or type(lean.ops[0]) not in kernel.ops:
        return False
    return any(call.kernel == kernel for call in candidates(lean.ops[0], lean, _target(rounding))[0])


def _cases(kernel: AnyKernel, rounding: str) -> list[merge.Case]:
    """The first cases of the kernel's operators that it fits."""
    kinds = {op.__name__ for op in kernel.ops}
    names = [name for name in cases.builders() if name.split()[0] in kinds]
    drawn = (cases.case(name, seed) for seed, name in product(range(_SEEDS), names))
    return list(islice((case for case in drawn if _fits(case[0], kernel, rounding)), _OF_EACH))


def _forced(rounding: str) -> list[Forced]:
    """Cases of every kernel that this rounding has."""
    found = [(case, kernel) for kernel in VECTORS if rounding in kernel.roundings for case in _cases(kernel, rounding)]
    assert {kernel.name for _, kernel in found} == {k.name for k in VECTORS if rounding in k.roundings}
    return found


def _compiled(group: Sequence[Forced], rounding: str) -> tuple[Compiled, Graph, merge.Sample]:
    """A model of these cases, each in its kernel."""

    def select(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
        return [_call(op, graph, target, group[merge.index_of(op.outputs[0])][1]) for op in ops]

    graph, sample = merge.merged([case for case, _ in group])
    with patch.object(lowering, "select", select):
        return native.compiled(graph, rounding, BOARD), graph, sample


def _call(op: Op, graph: Graph, target: Target, kernel: AnyKernel) -> Call:
    return next(call for call in candidates(op, graph, target)[0] if call.kernel == kernel)


def _assert_exact(group: Sequence[Forced], answer: merge.Sample, rounding: str) -> None:
    wrong = []
    for i, ((graph, sample), kernel) in enumerate(group):
        *_, values = interpreter.run_all(graph, [sample, sample], rounding)
        for name in graph.outputs:
            different = compare(values[name], answer[merge.prefixed(i, name)], slacks(graph)[name]).wrong
            if count := np.count_nonzero(different):
                wrong.append(f"{kernel.name}: {count} of {different.size} differ\n{graph}")
    assert not wrong, f"{len(wrong)} of {len(group)} cases\n" + "\n".join(wrong[:5])


def _groups(rounding: str) -> list[list[Forced]]:
    found = _forced(rounding)
    return [found[i : i + cases.GROUP] for i in range(0, len(found), cases.GROUP)]


@pytest.mark.slow
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_each_kernel_on_its_board(rounding: str, tmp_path: Path) -> None:
    for i, group in enumerate(_groups(rounding)):
        model, _, sample = _compiled(group, rounding)
        _, answer = emulated.run(model, tmp_path / str(i), [sample, sample])
        _assert_exact(group, answer, rounding)


@pytest.mark.slow
@pytest.mark.parametrize("rounding", _HERE)
def test_each_kernel_without_assembly(rounding: str, tmp_path: Path) -> None:
    for i, group in enumerate(_groups(rounding)):
        model, graph, sample = _compiled(group, rounding)
        folder = tmp_path / str(i)
        folder.mkdir()
        _, answer = native.run(native.program(model, folder, *native.SANITIZE), graph, [sample, sample])
        _assert_exact(group, answer, rounding)
