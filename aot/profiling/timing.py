"""The cores whose cycles can be told from their instructions, because Arm publishes what each of them takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aot.profiling import cortex_m0, cortex_m3, cortex_m4
from aot.profiling.disassembly import Instruction


@dataclass(frozen=True)
class Timing:
    """What instructions take.

    `straight` gives the cycles of each instruction of a block, jumps not counted but for their first cycle; `jump` what
    it costs on top that a block's last instruction jumps to another (None: unknown); `unaligned` is for each access.
    """

    straight: Callable[[Sequence[Instruction]], list[int]]
    jump: Callable[[Instruction, Instruction | None], int]
    unaligned: int = 0


def _cortex_m0(refill: cortex_m0.Refill) -> Timing:
    return Timing(cortex_m0.straight_cycles, lambda last, _: cortex_m0.jump_cycles(last, refill))


TIMINGS = {
    "cortex-m0": _cortex_m0(cortex_m0.CORTEX_M0),
    "cortex-m0plus": _cortex_m0(cortex_m0.CORTEX_M0PLUS),
    "cortex-m3": Timing(cortex_m3.straight_cycles, cortex_m4.jump_cycles, 1),
    "cortex-m4f": Timing(cortex_m4.straight_cycles, cortex_m4.jump_cycles, 1),
}
