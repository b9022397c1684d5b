"""Cycles of instruction sequences on a Cortex-M3: those of a Cortex-M4 but for multiplications (Arm DDI 0337, table
18-1, and DDI 0439).

Where the manual gives a range, for products of 64 bits that end early when an operand is small, this is the longest:
the multipliers of scales are not small.
"""

from collections.abc import Sequence

from aot.profiling import cortex_m4
from aot.profiling.disassembly import Instruction, name_of

_CYCLES = {"mla": 2, "mls": 2, "smull": 5, "umull": 5, "smlal": 7, "umlal": 7}


def straight_cycles(block: Sequence[Instruction]) -> list[int]:
    """The cycles of each instruction in one execution of `block`, jumps not counted but for their first cycle."""
    found = zip(block, cortex_m4.straight_cycles(block), strict=True)
    return [_CYCLES.get(name_of(instruction), cycles) for instruction, cycles in found]
