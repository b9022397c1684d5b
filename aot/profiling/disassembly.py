"""Instructions out of `objdump -d` of an Arm program."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SYMBOL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_LINE = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(\S+)(?:\t([^;@]*))?")


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
