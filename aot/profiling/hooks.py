"""Renode's count of executed instructions, read where a tracing firmware begins and ends each layer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aot.profiling.disassembly import Instruction

_TRACE = "aot_trace"
_COUNT = re.compile(r"aot-count 0x([0-9a-f]+) (\d+)")


@dataclass(frozen=True)
class Hooks:
    """Addresses: where an inference begins, where each output is passed on, and where the next layer begins then."""

    run: int
    trace: int
    behind: frozenset[int]

    def commands(self) -> str:
        """Renode's commands that log the count at each of them."""
        return "".join(
            f"sysbus.cpu AddHook {at:#x} \"self.WarningLog('aot-count {at:#x} ' + str(self.ExecutedInstructions))\"\n"
            for at in sorted({self.run, self.trace, *self.behind})
        )


def trace_hooks(instructions: Mapping[int, Instruction], run: str) -> Hooks:
    """The hooks for the function `run` of a tracing firmware, out of its disassembly."""
    first = {function: min(i.address for i in instructions.values() if i.function == function)
             for function in (run, _TRACE)}  # fmt: skip
    calls = [i for i in instructions.values() if i.function == run and f"<{_TRACE}>" in i.operands]
    return Hooks(first[run], first[_TRACE], frozenset(call.address + call.size for call in calls))


def counts_between(log: str, hooks: Hooks) -> list[int]:
    """The instructions that came before each output of the last inference in Renode's `log`, those of tracing left out.

    What passes an output on, a few moves of arguments, counts for its layer. A layer may be a loop that begins right
    behind the one before: only the first time there is its beginning.
    """
    counts: list[int] = []
    begin: int | None = None
    for address, count in ((int(at, 16), int(count)) for at, count in _COUNT.findall(log)):
        if address == hooks.run:
            counts, begin = [], count
        elif address == hooks.trace and begin is not None:
            counts.append(count - begin)
            begin = None
        elif begin is None:
            begin = count
    return counts
