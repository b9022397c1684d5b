"""From the plugin's counts to layers: which layer of a model each executed block belongs to, and what it costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aot.profiling.disassembly import Instruction, is_load, is_store, target_of
from aot.profiling.timing import Timing


@dataclass(frozen=True)
class Block:
    """A line of the plugin's output: how often the instructions from `first` on were executed in one context."""

    context: int
    first: int
    instructions: int
    executions: int
    jumps: int
    unaligned: int


@dataclass
class Counts:
    """What one layer, or all of a model, executes; `functions` are its instructions by C function."""

    instructions: int = 0
    cycles: int = 0
    loads: int = 0
    stores: int = 0
    functions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """An ELF file's instructions, and the line of the source file that each address of interest comes from.

    `lines` holds (file, line) of the outermost of the functions that are inlined at an address.
    """

    instructions: Mapping[int, Instruction]
    lines: Mapping[int, tuple[str, int]]


def read_blocks(text: str) -> list[Block]:
    """The plugin's output."""
    blocks = []
    for line in text.splitlines():
        context, first, *numbers = line.split()
        blocks.append(Block(int(context, 16), int(first, 16), *map(int, numbers)))
    return [block for block in blocks if block.executions]


def addresses(blocks: Sequence[Block], instructions: Mapping[int, Instruction]) -> list[int]:
    """Every address whose line in the source says what a block is for."""
    own = (i.address for block in blocks for i in _body(block, instructions))
    return sorted({*own, *(block.context for block in blocks)})


def count_layers(
    blocks: Sequence[Block], program: Program, run: str, first_lines: Sequence[int], timing: Timing | None
) -> list[Counts]:
    """What each layer executes. `first_lines` are the lines where the layers begin in the function `run`.

    Without `timing`, no cycles are told. Instructions of the firmware around the model, which `run`'s callers and
    interrupts execute, are left out.
    """
    layers = [Counts() for _ in first_lines]
    for block in blocks:
        body = list(_body(block, program.instructions))
        if not body or _is_around(program.lines.get(block.first), body[0].function):
            continue
        inside = body[0].function == run
        shares = [i.address if inside else block.context for i in body]
        indices = [_layer(program.lines.get(address), first_lines) for address in shares]
        cycles = _cycles(block, body, program.instructions, timing) if timing else [0] * len(body)
        for index, instruction, spent in zip(indices, body, cycles, strict=True):
            _add(layers[index], instruction, block.executions)
            layers[index].cycles += spent
    return layers


def total(layers: Sequence[Counts]) -> Counts:
    """The sum of all layers."""
    result = Counts()
    for layer in layers:
        result.instructions += layer.instructions
        result.cycles += layer.cycles
        result.loads += layer.loads
        result.stores += layer.stores
        for name, count in layer.functions.items():
            result.functions[name] = result.functions.get(name, 0) + count
    return result


def _body(block: Block, instructions: Mapping[int, Instruction]) -> Iterator[Instruction]:
    address = block.first
    for _ in range(block.instructions):
        instruction = instructions.get(address)
        if instruction is None:
            return
        yield instruction
        address += instruction.size


def _is_around(line: tuple[str, int] | None, function: str) -> bool:
    """Whether a line is of the firmware, not of the model or of a library: what compilers call may be the board's."""
    firmware = line is not None and line[0].removeprefix("./").startswith(("firmware/", "board/"))
    return firmware and not function.startswith("__")


def _layer(line: tuple[str, int] | None, first_lines: Sequence[int]) -> int:
    """The layer that a line of `run` belongs to; what comes before the first is the first's."""
    number = line[1] if line else 0
    return max(sum(first <= number for first in first_lines) - 1, 0)


def _add(counts: Counts, instruction: Instruction, executions: int) -> None:
    counts.instructions += executions
    counts.loads += executions * is_load(instruction)
    counts.stores += executions * is_store(instruction)
    counts.functions[instruction.function] = counts.functions.get(instruction.function, 0) + executions


def _cycles(
    block: Block, body: Sequence[Instruction], instructions: Mapping[int, Instruction], timing: Timing
) -> list[int]:
    """Of each instruction, in all executions; jumps and unaligned accesses count for the last."""
    target = target_of(body[-1])
    jump = timing.jump(body[-1], instructions.get(target) if target is not None else None)
    cycles = [block.executions * each for each in timing.straight(body)]
    cycles[-1] += block.jumps * jump + block.unaligned * timing.unaligned
    return cycles
