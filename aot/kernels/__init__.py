"""HOW each operator runs on a core. KERNELS lists every kernel; `select` picks among those that fit.

A kernel is one C function, printed from `templates/kernels/<template>.c.j2`. A folder is a family, a folder inside it
what is for cores with a feature; each module lists its own.
"""

from collections.abc import Sequence
from dataclasses import replace

from aot.base.errors import AotError
from aot.graph.ir import Graph, Op
from aot.kernels import control, conv, dense, depthwise, elementwise, move, pool, recurrent, reduce, softmax
from aot.kernels.call import AnyKernel, Block, Call, DoesNotFit, Kernel, Target, fit
from aot.kernels.choose import OPTIMIZATIONS, choose
from aot.kernels.costs import cycles

__all__ = [
    "KERNELS",
    "OPTIMIZATIONS",
    "AnyKernel",
    "Block",
    "Call",
    "Kernel",
    "Target",
    "candidates",
    "choose",
    "fitting",
    "select",
]

FAMILIES = (control, conv, dense, depthwise, elementwise, move, pool, recurrent, reduce, softmax)
KERNELS: tuple[AnyKernel, ...] = tuple(
    kernel for family in FAMILIES for kernel in sorted(family.KERNELS, key=lambda kernel: kernel.name)
)


def candidates(op: Op, graph: Graph, target: Target) -> tuple[list[Call], list[str]]:
    """Every call that computes `op` on `target`, cheapest first; and for each kernel that does not fit, why not.

    Of kernels that cost the same, the one that uses more of the core's features comes first, then the first by name.
    """
    fitting, reasons = [], []
    for kernel in KERNELS:
        if type(op) not in kernel.ops:
            continue
        try:
            if not kernel.features <= target.features:
                missing = ", ".join(sorted(kernel.features - target.features))
                raise DoesNotFit(f"the core has no {missing}")
            fit(target.rounding in kernel.roundings, f"the rounding is {target.rounding}")
            fit(not kernel.roomy or op.outputs[0] in target.roomy, "its scratch memory would make the arena larger")
            planes = frozenset(name for name in (*op.inputs, *op.outputs) if name and graph[name].planes)
            fit(kernel.planes or not planes, f"{', '.join(f'%{name}' for name in sorted(planes))} lies by planes")
            call = replace(kernel.lower(kernel, op, graph, target), planes=planes)
            fitting.append(replace(call, cost=cycles(kernel.name, call.work, target)))
        except DoesNotFit as reason:
            reasons.append(f"{kernel.name}: {reason}")
    return sorted(fitting, key=_preference), reasons


def _preference(call: Call) -> tuple[float, int, str]:
    return call.cost, -len(call.kernel.features), call.kernel.name


def select(ops: Sequence[Op], graph: Graph, target: Target) -> list[Call]:
    """The calls that compute `ops`, as `target` wants them chosen.

    Raises AotError with each kernel's reason where none computes an operator.
    """
    return choose([fitting(op, graph, target) for op in ops], target)


def fitting(op: Op, graph: Graph, target: Target) -> list[Call]:
    """Every call that computes `op`, cheapest first. AotError with each kernel's reason where there is none."""
    found, reasons = candidates(op, graph, target)
    if not found:
        elsewhere = candidates(op, graph, replace(target, rounding="double"))[0]
        hints = ["with --rounding double there is one"] if elsewhere else []
        raise AotError(f"no kernel for {op}", *(reasons or ["no kernel is listed for this operator"]), *hints)
    return found
