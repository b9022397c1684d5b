"""Cases of the kernels that only cores with one feature have, each in its kernel, also where others are cheaper."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from unittest.mock import patch

import cases
import merge
import native
import numpy as np

from aot.compile.records import Compiled
from aot.graph.ir import Graph, Op
from aot.kernels import KERNELS, AnyKernel, Call, Target, candidates
from aot.lower import lowering
from aot.oracle import interpreter
from aot.oracle.tolerance import compare, slacks
from aot.passes import run_passes
from aot.targets import load_board

_OF_EACH = 5 * cases.TIMES  # cases of a kernel and an operator
_SEEDS = 6 * cases.TIMES  # of each builder, in turn, of which that many are taken

Forced = tuple[merge.Case, AnyKernel]


@dataclass(frozen=True)
class Kernels:
    """Those for `feature`, on `board`, in `rounding`."""

    feature: str
    board: str
    rounding: str

    @property
    def target(self) -> Target:
        return Target(frozenset(load_board(self.board).core.features), self.rounding)

    def groups(self) -> list[list[Forced]]:
        """Cases of every one of them, as many as a program takes together; fails where a kernel has none."""
        kernels = [one for one in KERNELS if self.feature in one.features and self.rounding in one.roundings]
        found = [(case, kernel) for kernel in kernels for case in self._cases(kernel)]
        assert found and {kernel.name for _, kernel in found} == {kernel.name for kernel in kernels}
        return [found[i : i + cases.GROUP] for i in range(0, len(found), cases.GROUP)]

    def _cases(self, kernel: AnyKernel) -> list[merge.Case]:
        """The first cases of the kernel's operators that it fits."""
        kinds = {op.__name__ for op in kernel.ops}
        names = [name for name in cases.builders() if name.split()[0] in kinds]
        drawn = (cases.case(name, seed) for seed, name in product(range(_SEEDS), names))
        return list(islice((case for case in drawn if self._fits(case[0], kernel)), _OF_EACH))

    def _fits(self, graph: Graph, kernel: AnyKernel) -> bool:
        lean = run_passes(graph)
        if len(lean.ops) != 1 or type(lean.ops[0]) not in kernel.ops:
            return False
        return any(call.kernel == kernel for call in candidates(lean.ops[0], lean, self.target)[0])

    def chosen(self) -> set[tuple[str, str]]:
        """Those that are the cheapest for a case of theirs, each with the kind of its operator."""
        found = set()
        for (graph, _), kernel in (one for group in self.groups() for one in group):
            lean = run_passes(graph)
            if candidates(lean.ops[0], lean, self.target)[0][0].kernel == kernel:
                found.add((kernel.name, lean.ops[0].kind))
        return found

    def compiled(self, group: Sequence[Forced]) -> tuple[Compiled, Graph, merge.Sample]:
        """A model of these cases, each in its kernel."""

        def select(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
            return [_call(op, graph, target, group[merge.index_of(op.outputs[0])][1]) for op in ops]

        graph, sample = merge.merged([case for case, _ in group])
        with patch.object(lowering, "select", select):
            return native.compiled(graph, self.rounding, self.board), graph, sample

    def check(self, group: Sequence[Forced], answer: merge.Sample) -> None:
        """Fail where `answer` is not what the interpreter gives."""
        wrong = []
        for i, ((graph, sample), kernel) in enumerate(group):
            *_, values = interpreter.run_all(graph, [sample, sample], self.rounding)
            for name in graph.outputs:
                different = compare(values[name], answer[merge.prefixed(i, name)], slacks(graph)[name]).wrong
                if count := np.count_nonzero(different):
                    wrong.append(f"{kernel.name}: {count} of {different.size} differ\n{graph}")
        assert not wrong, f"{len(wrong)} of {len(group)} cases\n" + "\n".join(wrong[:5])


def _call(op: Op, graph: Graph, target: Target, kernel: AnyKernel) -> Call:
    return next(call for call in candidates(op, graph, target)[0] if call.kernel == kernel)
