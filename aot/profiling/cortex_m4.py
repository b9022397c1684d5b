"""Cycles of instruction sequences on a Cortex-M4, after its Technical Reference Manual (Arm DDI 0439), section 3.3.

Without wait states. A block is timed by itself: nothing is pipelined across its ends. Where the manual gives a range:
a jump to a known address refills the pipeline in 1 cycle, one to an address in a register in 2, either takes 1 more
when the target is a wide instruction across two words; a division takes its 12 cycles.
"""

import re
from collections.abc import Sequence

from aot.profiling.disassembly import BRANCH, Instruction, is_load, is_store, name_of, words_of

_SINGLE_LOAD = re.compile(r"^(v?ldr)(s?[bh]|t|ex[bh]?)?(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$")
_SINGLE_STORE = re.compile(r"^(v?str)([bh]|t|ex[bh]?)?(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$")
_MULTIPLE = re.compile(r"^(v?ldm|v?stm|v?push|v?pop)")
_REGISTER = re.compile(r"\b(?:r\d+|sl|fp|ip|sp|lr|pc|s\d+|d\d+)\b")
_FLOAT_CYCLES = (("vdiv", 14), ("vsqrt", 14), ("vfm", 3), ("vfnm", 3), ("vmla", 3), ("vmls", 3), ("vnml", 3))
_DIVISION = 12
_REFILL, _REFILL_INDIRECT = 1, 2


def straight_cycles(block: Sequence[Instruction]) -> list[int]:
    """The cycles of each instruction in one execution of `block`, jumps not counted but for their first cycle."""
    return [_cycles(instruction, before) for before, instruction in zip((None, *block), block, strict=False)]


def jump_cycles(last: Instruction, target: Instruction | None) -> int:
    """What it costs on top that a block's `last` instruction jumps to `target` (None: unknown)."""
    direct = BRANCH.match(name_of(last)) or name_of(last).startswith("cb")
    indirect = not direct or name_of(last).startswith(("bx", "blx"))
    across = target is not None and target.size == 4 and target.address % 4 != 0
    return (_REFILL_INDIRECT if indirect else _REFILL) + across


def _cycles(instruction: Instruction, before: Instruction | None) -> int:
    name, operands = name_of(instruction), instruction.operands
    if name.startswith(("ldrd", "strd")):
        return 3 + _waits_for_address(instruction, before)
    if _SINGLE_LOAD.match(name) or _SINGLE_STORE.match(name):
        return _single_cycles(instruction, before) + _waits_for_address(instruction, before)
    if _MULTIPLE.match(name):
        return 1 + words_of(operands)
    if name.startswith(("sdiv", "udiv")):
        return _DIVISION
    if name.startswith(("tbb", "tbh")):
        return 3
    return _float_cycles(name) + _waits_for_float(instruction, before)


def _single_cycles(instruction: Instruction, before: Instruction | None) -> int:
    """2, but 1 right behind a load whose result is not the address, and 1 for a store to a constant offset."""
    after_load = before is not None and bool(_SINGLE_LOAD.match(name_of(before)))
    if after_load and before is not None and _destination(before) not in _address(instruction):
        return 1
    if _SINGLE_STORE.match(name_of(instruction)):
        return 1 if len(_address(instruction)) == 1 else 2
    return 2


def _waits_for_address(instruction: Instruction, before: Instruction | None) -> int:
    """1 where the result of a data-processing instruction right before is part of the address."""
    if before is None or is_load(before) or is_store(before) or BRANCH.match(name_of(before)):
        return 0
    if name_of(before).startswith(("cmp", "cmn", "tst", "teq", "it", "nop", "v", "cb")):
        return 0
    return int(_destination(before) in _address(instruction))


def _waits_for_float(instruction: Instruction, before: Instruction | None) -> int:
    """1 where the result of a floating-point operation right before is an operand."""
    if before is None or not before.mnemonic.startswith("v") or is_load(before) or is_store(before):
        return 0
    if before.mnemonic.startswith(("vmov", "vcmp", "vmrs")) or not instruction.mnemonic.startswith("v"):
        return 0
    return int(_destination(before) in _REGISTER.findall(instruction.operands)[1:])


def _float_cycles(name: str) -> int:
    return next((cycles for prefix, cycles in _FLOAT_CYCLES if name.startswith(prefix)), 1)


def _destination(instruction: Instruction) -> str:
    return instruction.operands.partition(",")[0].strip()


def _address(instruction: Instruction) -> list[str]:
    """The registers between the brackets."""
    return _REGISTER.findall(instruction.operands.partition("[")[2].partition("]")[0])
