"""Cycles of instruction sequences on a Cortex-M0 and a Cortex-M0+, after the tables of their Technical Reference
Manuals (Arm DDI 0432, DDI 0484, both section 3.3).

Without wait states, and with the multiplier of one cycle that all boards here have. Nothing depends on what is before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aot.profiling.disassembly import Instruction, is_load, is_store, name_of, words_of

_MULTIPLE = re.compile(r"^(ldm|stm|push|pop)")
_SYSTEM = ("mrs", "msr", "dmb", "dsb", "isb")


@dataclass(frozen=True)
class Refill:
    """The cycles that a jump takes on top of its own: to an address, behind a link, by a POP of the PC."""

    jump: int
    link: int
    pop: int


CORTEX_M0 = Refill(2, 3, 3)
CORTEX_M0PLUS = Refill(1, 2, 2)


def straight_cycles(block: Sequence[Instruction]) -> list[int]:
    """The cycles of each instruction in one execution of `block`, jumps not counted but for their first cycle."""
    return [_cycles(instruction) for instruction in block]


def jump_cycles(last: Instruction, refill: Refill) -> int:
    """What it costs on top that a block's `last` instruction jumps."""
    name = name_of(last)
    if name.startswith("pop"):
        return refill.pop
    return refill.link if name == "bl" else refill.jump


def _cycles(instruction: Instruction) -> int:
    name = name_of(instruction)
    if _MULTIPLE.match(name):
        return 1 + words_of(instruction.operands)
    if name.startswith(_SYSTEM):
        return 3
    return 2 if is_load(instruction) or is_store(instruction) else 1
