"""Instructions out of `objdump -d`, and what can be seen of one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SYMBOL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_LINE = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(\S+)(?:\t([^;@]*))?")

BRANCH = re.compile(r"^b(l|x|lx)?(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al)?$")
_LOADS, _STORES = ("lb", "lbu", "lh", "lhu", "lw"), ("sb", "sh", "sw")  # RISC-V's


@dataclass(frozen=True)
class Instruction:
    """One instruction; `function` is the symbol that it lies behind, without what compilers append to clones."""

    address: int
    size: int
    mnemonic: str
    operands: str
    function: str


def read_instructions(text: str) -> Mapping[int, Instruction]:
    """Every instruction of a disassembly, by its address."""
    found: dict[int, Instruction] = {}
    function = ""
    for line in text.splitlines():
        if symbol := _SYMBOL.match(line):
            function = symbol[1].partition(".")[0]
        elif match := _LINE.match(line):
            size = len(match[2].replace(" ", "")) // 2
            operands = (match[4] or "").strip()
            found[int(match[1], 16)] = Instruction(int(match[1], 16), size, match[3], operands, function)
    return found


def name_of(instruction: Instruction) -> str:
    """The mnemonic without its width."""
    return instruction.mnemonic.removesuffix(".w").removesuffix(".n")


def is_load(instruction: Instruction) -> bool:
    """Whether it reads memory, on an Arm or a RISC-V core."""
    name = name_of(instruction)
    return name.startswith(("ldr", "ldm", "pop", "vldr", "vldm", "vpop")) or name in _LOADS


def is_store(instruction: Instruction) -> bool:
    """Whether it writes memory, on an Arm or a RISC-V core."""
    name = name_of(instruction)
    return name.startswith(("str", "stm", "push", "vstr", "vstm", "vpush")) or name in _STORES


def words_of(operands: str) -> int:
    """How many words a register list names."""
    words = 0
    for item in operands[operands.index("{") + 1 : operands.index("}")].split(","):
        first, _, last = item.strip().partition("-")
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        words += count * (2 if first.startswith("d") else 1)
    return words


def target_of(instruction: Instruction) -> int | None:
    """The address that a branch names, if it names one."""
    field = instruction.operands.rpartition(",")[2].split()
    known = BRANCH.match(name_of(instruction)) or name_of(instruction).startswith("cb")
    return int(field[0], 16) if known and field and re.fullmatch(r"[0-9a-f]+", field[0]) else None
